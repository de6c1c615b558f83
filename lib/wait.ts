import { setTimeout as sleep } from "node:timers/promises";

export interface WaitOptions {
  /** Longest wait, in seconds. */
  seconds: number;
  /** Pause between two attempts, in milliseconds. @default 250 */
  every?: number;
}

/**
 * Repeats `attempt` until it resolves to something other than `undefined`; resolves to `undefined` when time is up.
 *
 * @throws what `attempt` throws
 */
export async function until<T>(
  { seconds, every = 250 }: WaitOptions,
  attempt: () => T | undefined | Promise<T | undefined>,
): Promise<T | undefined> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const found = await attempt();
    if (found !== undefined) return found;
    if (Date.now() >= deadline) return undefined;
    await sleep(every);
  }
}

/** {@link until}, where an error of `attempt` means "not yet". */
export function untilWorks<T>(options: WaitOptions, attempt: () => Promise<T | undefined>): Promise<T | undefined> {
  return until(options, () => attempt().catch(() => undefined));
}

/**
 * Repeats `attempt` until it resolves.
 *
 * @throws its last error when time is up, and at once an error that `isFinal` recognises
 */
export async function untilResolved<T>(
  options: WaitOptions,
  attempt: () => Promise<T>,
  isFinal: (error: unknown) => boolean = () => false,
): Promise<T> {
  let last: unknown;
  const found = await until(options, async () => {
    try {
      return { value: await attempt() };
    } catch (error) {
      if (isFinal(error)) throw error;
      last = error;
      return undefined;
    }
  });
  if (found) return found.value;
  throw last;
}
