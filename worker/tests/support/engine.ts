import { InngestTestEngine } from "@inngest/test";
import type { InngestFunction } from "inngest";

interface Attempt {
  result?: unknown;
  error?: { message: string; name: string };
}

type EngineOptions = ConstructorParameters<typeof InngestTestEngine>[0];

/** Results of steps that have ended well, by the SDK's hash of their ids: what the server remembers of a run. */
type Memory = Map<string, unknown>;

export interface TestRun {
  /**
   * Runs the function to its end or to its first failing step, with the steps of earlier attempts remembered, as the server does
   * when it tries again.
   */
  attempt(): Promise<Attempt>;
}

/**
 * A run of one function under test.
 *
 * @param events what has triggered it
 * @param steps results for steps that would leave this process, like `step.sendEvent` and `step.invoke`, by step id
 */
export function startRun(
  fn: InngestFunction.Any,
  events: { name: string; data: unknown }[],
  steps: Record<string, unknown> = {},
): TestRun {
  const memory: Memory = new Map();
  const given = Object.entries(steps).map(([id, result]) => ({ id, handler: () => result }));
  return {
    async attempt() {
      const remembered = [...memory].map(([id, result]) => ({ id, idIsHashed: true, handler: () => result }));
      const options = { function: fn, events, steps: [...given, ...remembered] } as unknown as EngineOptions;
      const ended = await new InngestTestEngine(options).execute();
      const error = "error" in ended ? (ended.error as Attempt["error"]) : undefined;
      const settled = Object.entries(ended.state).map(async ([id, result]) => memory.set(id, await result));
      await Promise.allSettled(settled);
      return error ? { error } : { result: ended.result };
    },
  };
}
