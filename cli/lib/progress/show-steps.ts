import { Problem } from "../../../lib/problem.ts";
import type { EngineEnd, EngineEvent } from "./events.ts";
import { StepLines } from "./step-lines.ts";

/** What came of `up` or `destroy`. */
export type Change = "failed" | "done" | "nothing to do";

/**
 * Shows the steps of `up` or `destroy` while `watch` runs it.
 *
 * @returns what came of it, and the names of the steps that have failed, such as `server`
 * @throws {Problem} after Ctrl-C
 */
export async function showSteps(
  command: "up" | "destroy",
  stack: string,
  watch: (see: (event: EngineEvent) => void) => Promise<EngineEnd>,
): Promise<{ change: Change; failed: string[] }> {
  const lines = new StepLines(stack);
  let isInterrupted = false;
  // A terminal sends Ctrl-C to Pulumi as well, which then ends in good order.
  const wait = () => {
    isInterrupted = true;
    console.error("\nCtrl-C: Pulumi ends what it has begun.");
  };
  process.on("SIGINT", wait);
  const { exitCode, complaint } = await watch((event) => lines.see(event)).finally(() => process.off("SIGINT", wait));
  lines.end(exitCode === 0, complaint);
  if (isInterrupted) {
    throw new Problem(`${command} of stack ${stack} was interrupted`, "run the command again: it continues from there");
  }
  if (exitCode !== 0) return { change: "failed", failed: lines.failed };
  return { change: lines.isUnchanged ? "nothing to do" : "done", failed: [] };
}
