import { setTimeout as delay } from "node:timers/promises";

interface RetryOptions {
  signal: AbortSignal;
  /** Pause after a failed attempt in milliseconds; attempts count from 0. */
  pauseMs(attempt: number): number;
  /** Called once: later failures are hardly ever news. */
  onFirstFailure(error: unknown): void;
}

/** Repeats `run` until it succeeds; resolves to `undefined` once `signal` is aborted. */
export async function retry<T>(
  run: () => Promise<T>,
  { signal, pauseMs, onFirstFailure }: RetryOptions,
): Promise<T | undefined> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (attempt === 0) onFirstFailure(error);
      await delay(pauseMs(attempt), undefined, { signal }).catch(() => {});
    }
  }
}
