import { randomUUID } from "node:crypto";
import { claimStore } from "../claims/index.ts";

/** After this time marks of a run that never ended expire like other claims. */
const lifetimeMs = 2 * 24 * 3_600_000;

/** Leaves a mark that a probe's step is being executed. Every execution leaves its own mark. */
export async function mark(probe: string, step: string): Promise<void> {
  await (await claimStore()).put(`${prefixOf(probe)}${step}.${randomUUID()}`, step, { lifetimeMs });
}

/** How often each step of a probe was executed, counted by its marks. */
export async function countMarks(probe: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of await (await claimStore()).names(prefixOf(probe))) {
    const [step = ""] = name.slice(prefixOf(probe).length).split(".");
    counts[step] = (counts[step] ?? 0) + 1;
  }
  return counts;
}

export async function removeMarks(probe: string): Promise<void> {
  await (await claimStore()).removeNamed(prefixOf(probe));
}

function prefixOf(probe: string): string {
  return `verify.${probe}.`;
}
