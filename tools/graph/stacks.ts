import { Problem } from "../../lib/problem.ts";
import { planRevision } from "../plan/revision.ts";
import { drawStack } from "./picture.ts";

/**
 * Pictures of the project's stacks, by name.
 *
 * @param only stacks to draw. @default all that have settings
 * @throws {Problem} when a stack cannot be planned
 */
export async function drawStacks(only?: readonly string[]): Promise<Record<string, string>> {
  const pictures: Record<string, string> = {};
  for (const [stack, plan] of await planRevision(".", only)) {
    if ("problem" in plan) throw new Problem(plan.problem);
    pictures[stack] = drawStack(plan);
  }
  return pictures;
}
