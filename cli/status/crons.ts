import type { Comparison } from "../lib/comparison.ts";
import type { LiveStack } from "../lib/live-stack.ts";
import { ago } from "./ago.ts";

/** A cron of the worker, and its last run. */
export interface LastCron {
  function: string;
  schedule: string;
  /** When it was queued, ISO 8601; `undefined` when it has never run. */
  last: string | undefined;
  status: string | undefined;
}

export async function cronsOf(stack: LiveStack, { appId, declared }: Comparison): Promise<LastCron[]> {
  const crons = declared.flatMap(({ id, triggers }) =>
    triggers.flatMap((trigger) => ("cron" in trigger ? [{ id, schedule: trigger.cron }] : [])),
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

/** A line of the screen about a cron. */
export function cronLine({ function: id, schedule, last, status }: LastCron): string {
  const when = last ? `${status?.toLowerCase()} ${ago(last)} ago` : "has not run yet";
  return `${id} (${schedule}): ${when}`;
}
