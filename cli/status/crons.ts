import type { View } from "../lib/comparison.ts";
import type { LiveStack } from "../lib/live-stack.ts";

/** A cron of the worker, and its last run. */
export interface LastCron {
  function: string;
  schedule: string;
  /** When it was queued, ISO 8601; `undefined` when it has never run. */
  last: string | undefined;
  status: string | undefined;
}

export async function cronsOf(stack: LiveStack, { appId, declared }: View): Promise<LastCron[]> {
  const crons = declared.flatMap(({ id, triggers }) =>
    triggers.filter((each) => each.startsWith("cron ")).map((each) => ({ id, schedule: each.slice("cron ".length) })),
  );
  return await stack.reach(({ api }) =>
    Promise.all(
      crons.map(async ({ id, schedule }) => {
        const [run] = await api.runs(1, { of: { app: appId, function: id } });
        return { function: id, schedule, last: run?.queuedAt, status: run?.status };
      }),
    ),
  );
}
