// Proves when lib/wait.ts attempts, pauses and gives up, on a fake clock. Does not prove how exact real timers are.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { until, untilResolved, untilWorks } from "../../lib/wait.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Resolves like `waiting`, while the clock runs as fast as the timers allow. */
async function fastForward<T>(waiting: Promise<T>): Promise<T> {
  const settled = waiting.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  await vi.runAllTimersAsync();
  const outcome = await settled;
  if ("error" in outcome) throw outcome.error;
  return outcome.value;
}

/** Attempts that give `answers` one after the other, and the times at which they were made. */
function script<T>(...answers: T[]): { attempt: () => T; times: number[] } {
  const start = Date.now();
  const times: number[] = [];
  const attempt = () => {
    times.push(Date.now() - start);
    return answers[Math.min(times.length, answers.length) - 1] as T;
  };
  return { attempt, times };
}

describe("until", () => {
  test("resolves to the first answer that is neither undefined nor false", async () => {
    const { attempt, times } = script<number | undefined | false>(undefined, false, 0, 1);
    expect(await fastForward(until({ seconds: 10, every: 100 }, attempt))).toBe(0);
    expect(times).toEqual([0, 100, 200]);
  });

  test("makes its last attempt when time is up, and resolves to undefined", async () => {
    const { attempt, times } = script(undefined);
    expect(await fastForward(until({ seconds: 0.25, every: 100 }, attempt))).toBeUndefined();
    expect(times).toEqual([0, 100, 200, 250]);
  });

  test("makes one attempt when there is no time", async () => {
    const { attempt, times } = script(false);
    expect(await fastForward(until({ seconds: 0 }, attempt))).toBeUndefined();
    expect(times).toEqual([0]);
  });

  test("lets its pauses grow by a fifth up to a limit", async () => {
    const { attempt, times } = script<true | undefined>(undefined, undefined, undefined, undefined, true);
    await fastForward(until({ seconds: 10, every: 100, maxEvery: 130 }, attempt));
    expect(times).toEqual([0, 100, 220, 350, 480]);
  });

  test("rejects with the error of an attempt", async () => {
    const attempt = async () => {
      throw new Error("broken");
    };
    await expect(fastForward(until({ seconds: 10 }, attempt))).rejects.toThrow("broken");
  });
});

test("untilWorks takes an error for an answer that is still missing", async () => {
  let attempts = 0;
  const attempt = async () => {
    if (++attempts < 3) throw new Error("not yet");
    return "there";
  };
  expect(await fastForward(untilWorks({ seconds: 10 }, attempt))).toBe("there");
  expect(attempts).toBe(3);
});

describe("untilResolved", () => {
  const failing = (...messages: string[]) => {
    const { attempt, times } = script(...messages);
    return {
      times,
      attempt: async () => {
        const message = attempt();
        if (message !== "") throw new Error(message);
      },
    };
  };

  test("resolves, also to undefined, once an attempt does", async () => {
    const { attempt, times } = failing("first", "second", "");
    expect(await fastForward(untilResolved({ seconds: 10, every: 100 }, attempt))).toBeUndefined();
    expect(times).toEqual([0, 100, 200]);
  });

  test("rejects with the last error when time is up", async () => {
    const { attempt } = failing("first", "second", "third");
    await expect(fastForward(untilResolved({ seconds: 0.2, every: 100 }, attempt))).rejects.toThrow("third");
  });

  test("rejects at once with an error that is final", async () => {
    const { attempt, times } = failing("first", "final", "third");
    const isFinal = (error: unknown) => (error as Error).message === "final";
    await expect(fastForward(untilResolved({ seconds: 10, every: 100 }, attempt, isFinal))).rejects.toThrow("final");
    expect(times).toEqual([0, 100]);
  });
});
