import { setTimeout as sleep } from "node:timers/promises";
import { endStatuses, type InngestApi, type Run, type Step } from "../../lib/inngest/api.ts";
import { Problem } from "../../lib/problem.ts";
import { until } from "../../lib/wait.ts";

/** A run with its steps so far. */
export interface FollowedRun extends Run {
  steps: Step[];
}

/** Seconds for a first run to begin: a batch may collect events for a while before it does. */
const startSeconds = 30;
/** Milliseconds between two looks. */
const pause = 100;

/**
 * Follows every run that an event starts until it has ended.
 *
 * @param onStep is called once for each step, when it has ended
 * @throws {Problem} when nothing starts within 30 s
 */
export async function follow(
  api: InngestApi,
  eventId: string,
  onStep: (run: Run, step: Step) => void,
): Promise<FollowedRun[]> {
  const reported = new Set<string>();
  const look = async (): Promise<FollowedRun[]> => {
    const runs = await api.runsOf(eventId);
    const followed = await Promise.all(runs.map(async (run) => ({ ...run, steps: await api.steps(run.id) })));
    for (const run of followed) {
      for (const step of run.steps) {
        const id = `${run.id} ${step.id}`;
        if (!endStatuses.has(step.status) || reported.has(id)) continue;
        reported.add(id);
        onStep(run, step);
      }
    }
    return followed;
  };
  let runs = await until({ seconds: startSeconds, every: pause }, async () => {
    const found = await look();
    return found.length > 0 ? found : undefined;
  });
  if (!runs) {
    throw new Problem(`the event ${eventId} was accepted, but no function has started within ${startSeconds} s`);
  }
  while (!runs.every(({ status }) => endStatuses.has(status))) {
    await sleep(pause);
    runs = await look();
  }
  return runs;
}
