import { setTimeout as sleep } from "node:timers/promises";

export interface Patience {
  /** Longest wait for a run to be at its end. */
  patienceSeconds: number;
  /** From the server's keeping of one step to the beginning of the next, and more. */
  nextStepMilliseconds: number;
}

/**
 * Tries until `attempt` gives something, an error counting as nothing. Resolves to `undefined` when time is over; `pause`
 * is in milliseconds.
 */
export async function until<T>(
  seconds: number,
  attempt: () => Promise<T | undefined>,
  pause = 250,
): Promise<T | undefined> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const found = await attempt().catch(() => undefined);
    if (found !== undefined) return found;
    if (Date.now() > deadline) return undefined;
    await sleep(pause);
  }
}
