/**
 * Sends the event `health/degraded` to the stack's functions.
 *
 * Never throws: what cannot be sent is a line on standard error.
 *
 * @param url Where events are posted, event key included. Nothing is sent without one.
 * @param failing Failed checks and what was found, for people, in the shape that the worker's heartbeat sends too.
 */
export async function alarm(url: string | undefined, failing: { check: string; seen: string }[]): Promise<void> {
  if (url === undefined || failing.length === 0) return;
  const body = JSON.stringify({ name: "health/degraded", data: { failing } });
  try {
    const { status } = await fetch(url, { method: "POST", body, signal: AbortSignal.timeout(5000) });
    if (status !== 200) console.error(`the event health/degraded was answered with ${status}`);
  } catch (error) {
    // The URL contains a key, so only the cause is printed, such as ECONNREFUSED.
    const { cause, name } = error as { cause?: { code?: string }; name: string };
    console.error(`the event health/degraded could not be sent (${cause?.code ?? name})`);
  }
}
