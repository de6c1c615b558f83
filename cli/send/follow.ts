import { setTimeout as sleep } from "node:timers/promises";
import { endStatuses, type InngestApi, type Run, type Step } from "../../lib/inngest/api.ts";
import { Problem } from "../../lib/problem.ts";

/** A run with its steps, as far as it has come. */
export interface FollowedRun extends Run {
  steps: Step[];
}

/** Seconds for a first run to begin; a batch may collect for a while before it does. */
const patienceSeconds = 30;

/**
 * Follows what an event has started until every run of it is at its end, and tells each step once, when it ends.
 * Throws {@link Problem} when nothing starts within 30 s.
 */
export async function follow(
  api: InngestApi,
  eventId: string,
  tell: (run: Run, step: Step) => void,
): Promise<FollowedRun[]> {
  const told = new Set<string>();
  const deadline = Date.now() + patienceSeconds * 1000;
  for (;;) {
    const runs = await Promise.all(
      (await api.runsOf(eventId)).map(async (run) => ({ ...run, steps: await api.steps(run.id) })),
    );
    for (const run of runs) {
      for (const step of run.steps) {
        const id = `${run.id} ${step.id}`;
        if (!endStatuses.has(step.status) || told.has(id)) continue;
        told.add(id);
        tell(run, step);
      }
    }
    if (runs.length > 0 && runs.every(({ status }) => endStatuses.has(status))) return runs;
    if (runs.length === 0 && Date.now() > deadline) {
      throw new Problem(
        `the event ${eventId} was accepted, and it has started no function within ${patienceSeconds} s`,
      );
    }
    await sleep(100);
  }
}
