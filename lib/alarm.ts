/** What is wrong, as the worker's heartbeat words it too. */
export interface Failing {
  check: string;
  /** What was seen, for people. */
  seen: string;
}

/**
 * Tells the stack's own functions by the event `health/degraded`, which the worker's heartbeat sends too. `url` is where
 * events are posted, key and all; without one, and where nobody answers, a line on standard error is all there is.
 */
export async function alarm(url: string | undefined, failing: Failing[]): Promise<void> {
  if (url === undefined || failing.length === 0) return;
  const body = JSON.stringify({ name: "health/degraded", data: { failing } });
  try {
    const { status } = await fetch(url, { method: "POST", body, signal: AbortSignal.timeout(5000) });
    if (status !== 200) console.error(`the event health/degraded was answered with ${status}`);
  } catch (error) {
    // The address holds a key; the cause is a word such as ECONNREFUSED.
    const { cause, name } = error as { cause?: { code?: string }; name: string };
    console.error(`the event health/degraded could not be sent (${cause?.code ?? name})`);
  }
}
