import { untilWorks } from "../../lib/wait.ts";
import type { LiveStack } from "../lib/live-stack.ts";

/** Runs that must still be there; the server lists a hundred at most, and new ones push the oldest out. */
const comparedRuns = 50;

/** Ids of the newest runs. */
export async function historyOf(stack: LiveStack): Promise<string[]> {
  const runs = await untilWorks({ seconds: 60, every: 500 }, () => stack.reach(({ api }) => api.runs(100)));
  return (runs ?? []).map(({ id }) => id);
}

/** How many of the runs that were the newest before are missing after. */
export function missingFrom(before: string[], after: string[]): number {
  const there = new Set(after);
  return before.slice(0, comparedRuns).filter((id) => !there.has(id)).length;
}
