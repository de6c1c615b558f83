import { missing } from "../../tools/engine.ts";
import { TestStack } from "../../tools/test-stack.ts";
import { figure, interleave, type Report, report, type Target, timed } from "./measure.ts";
import { BenchProgram } from "./program.ts";

interface NoChangeOptions {
  /** What is measured, as the first sentence of the scope. */
  what: string;
  ours(stack: TestStack): Promise<void>;
  /** The same command for the empty programs, as arguments of `pulumi`. */
  baseline: string[];
  target: Target;
}

/** Measures a command on the stacks `dev` and `persistent` when there is nothing to change. */
export function noChange(name: string, { what, ours, baseline, target }: NoChangeOptions) {
  return async (rounds: number): Promise<Report> => {
    const template = await BenchProgram.create("template");
    const lean = await BenchProgram.create("lean");
    const results = [];
    try {
      for (const program of [template, lean]) await program.run("up", "--yes", "--skip-preview");
      for (const like of (await missing("docker")) ? ["dev"] : ["dev", "persistent"]) {
        const stack = await TestStack.create(like, { protectData: "false" });
        try {
          await stack.up();
          const sides = {
            ours: () => timed(() => ours(stack)),
            template: () => timed(() => template.run(...baseline)),
            lean: () => timed(() => lean.run(...baseline)),
          };
          // The first run of each fills the compile cache.
          for (const side of Object.values(sides)) await side();
          const times = await interleave(like, rounds, sides);
          results.push(
            figure(like, "ms", times.ours, times.template, rounds, { target }),
            figure(`${like}, against a lean one`, "ms", times.ours, times.lean, rounds),
          );
        } finally {
          await stack.remove();
        }
      }
    } finally {
      for (const program of [template, lean]) program.remove();
    }
    return report(
      name,
      `${what} Baseline: the same command on a program without resources, as created by \`pulumi new typescript\`, with ` +
        "the same CLI, SDK and kind of backend; in a lean one Node strips the types and there is a compile cache, as for this " +
        "project's commands. Does not show what a change costs.",
      results,
    );
  };
}
