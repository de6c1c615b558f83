import { InngestTestEngine } from "@inngest/test";
import type { EventPayload, InngestFunction } from "inngest";

interface Attempt {
  result?: unknown;
  error?: { message: string; name: string };
}

export interface TestRun {
  /** Runs the function until it ends or a step fails. Steps completed in earlier attempts are remembered, as by the server. */
  attempt(): Promise<Attempt>;
}

/**
 * A run of one function under test.
 *
 * @param events what triggers it; an invocation without data when empty
 * @param steps results of steps that would leave this process, like `step.sendEvent` and `step.invoke`, by step id
 */
export function startRun(
  fn: InngestFunction.Any,
  [event, ...moreEvents]: EventPayload[],
  steps: Record<string, unknown> = {},
): TestRun {
  /** Results of completed steps, by the SDK's hash of their ids. */
  const completed = new Map<string, unknown>();
  const scripted = Object.entries(steps).map(([id, result]) => ({ id, handler: () => result }));
  return {
    async attempt() {
      const remembered = [...completed].map(([id, result]) => ({ id, idIsHashed: true, handler: () => result }));
      const engine = new InngestTestEngine({
        function: fn,
        ...(event && { events: [event, ...moreEvents] }),
        steps: [...scripted, ...remembered],
      });
      const ended = await engine.execute();
      const error = "error" in ended ? (ended.error as Attempt["error"]) : undefined;
      await Promise.allSettled(
        Object.entries(ended.state).map(async ([id, result]) => completed.set(id, await result)),
      );
      return error ? { error } : { result: ended.result };
    },
  };
}
