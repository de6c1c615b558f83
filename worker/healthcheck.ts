// The container's health check, because the image has no curl: exits with 0 when the worker answers.
const port = process.env.PORT || "3111";
const answer = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(4_000) }).catch(
  () => undefined,
);
process.exit(answer?.ok ? 0 : 1);
