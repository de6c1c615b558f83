import { randomUUID } from "node:crypto";
import { claimStore } from "../claims/index.ts";

/** Marks of a run that never ends go with the other claims, in milliseconds. */
const LIFETIME = 2 * 24 * 3_600_000;

/** Leaves a mark that a probe's step is being executed; another execution leaves another one. */
export async function mark(probe: string, step: string): Promise<void> {
  await (await claimStore()).put(`${prefixOf(probe)}${step}.${randomUUID()}`, step, { lifetime: LIFETIME });
}

/** How often each of a probe's steps was executed, as far as its marks are there. */
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
