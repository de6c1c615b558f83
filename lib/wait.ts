export interface WaitOptions {
  /** Longest wait, in seconds; may be `Infinity`. The last attempt is made when it is over. */
  seconds: number;
  /** Pause between two attempts, in milliseconds. @default 250 */
  every?: number;
  /** Lets the pause grow by a fifth after each attempt, up to this many milliseconds. @default every */
  maxEvery?: number;
}

type NotYet = undefined | false;

/** With the global timer, which tests can fake, unlike that of node:timers/promises. */
function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * Repeats `attempt` until it resolves to something other than `undefined` and `false`.
 *
 * @returns that value, or `undefined` when time is up
 * @throws what `attempt` throws
 */
export async function until<T>(
  { seconds, every = 250, maxEvery = every }: WaitOptions,
  attempt: () => T | NotYet | Promise<T | NotYet>,
): Promise<T | undefined> {
  const deadline = Date.now() + seconds * 1000;
  for (let pause = every; ; pause = Math.min(pause * 1.2, maxEvery)) {
    const found = await attempt();
    if (found !== undefined && found !== false) return found;
    const left = deadline - Date.now();
    if (left <= 0) return undefined;
    await sleep(Math.min(pause, left));
  }
}

/** {@link until}, where an error of `attempt` means "not yet". */
export function untilWorks<T>(options: WaitOptions, attempt: () => Promise<T | NotYet>): Promise<T | undefined> {
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
