import type { Context } from "hono";
import { settings } from "../environment.ts";
import { check, checkClaims, checkRedis } from "../health/checks.ts";
import { runtimeName } from "../runtime.ts";
import { pingServer } from "../server/api.ts";
import type { Transport } from "../transport/index.ts";

/** How long one part may take to answer before it counts as away, in milliseconds: whoever asks has little patience. */
const PATIENCE = 2_000;

/**
 * Says that the worker is alive, and which of its parts are not. The status is 200 in both cases: to start a worker anew because
 * its server or Redis is away would only lose running steps.
 */
export async function healthz(c: Context, transport: Transport): Promise<Response> {
  const { redisUrl, ai, transcribeCommand } = settings();
  const parts = await Promise.all([
    part("server", async () => {
      await pingServer();
      return { ok: transport.registered, seen: transport.registered ? "registered" : "not registered yet" };
    }),
    part("claims", checkClaims),
    ...(redisUrl ? [part("redis", checkRedis)] : []),
  ]);
  const degraded = parts.filter(({ ok }) => !ok).map(({ check, seen }) => `${check}: ${seen}`);
  return c.json({
    status: degraded.length > 0 ? "degraded" : "ok",
    degraded,
    off: [
      ...(redisUrl ? [] : ["shared state and gateway: REDIS_URL is not set"]),
      ...(ai ? [] : ["summaries and agent: AI_BASE_URL is not set"]),
      ...(transcribeCommand ? [] : ["transcription: TRANSCRIBE_COMMAND is not set"]),
    ],
    transport: transport.name,
    runtime: runtimeName,
    uptimeSeconds: Math.round(process.uptime()),
  });
}

function part(name: string, run: () => Promise<{ ok: boolean; seen: string }>) {
  return check(name, async () => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer in ${PATIENCE / 1000} s`)), PATIENCE);
    });
    return Promise.race([run(), late]).finally(() => clearTimeout(timer));
  });
}
