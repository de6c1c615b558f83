import { until } from "../lib/checks/patience.ts";
import type { LiveStack } from "../lib/live-stack.ts";

/** Runs that are looked for again; the server lists a hundred at most, and new ones push the oldest out. */
const remembered = 50;

/** Ids of the newest runs. */
export async function historyOf(stack: LiveStack): Promise<string[]> {
  const runs = await until(60, () => stack.reach(({ api }) => api.runs(100)), 500);
  return (runs ?? []).map(({ id }) => id);
}

/** How many of the runs that were the newest before are not there after. */
export function missingFrom(before: string[], after: string[]): number {
  const there = new Set(after);
  return before.slice(0, remembered).filter((id) => !there.has(id)).length;
}
