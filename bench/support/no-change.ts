import { missing } from "../../tools/engine.ts";
import { TestStack } from "../../tools/test-stack.ts";
import { figure, interleave, type Report, report, type Target, timed } from "./measure.ts";
import { BenchProgram } from "./program.ts";

interface NoChange {
  what: string;
  ours(stack: TestStack): Promise<void>;
  /** Arguments of the CLI for the empty programs. */
  baseline: string[];
  target: Target;
}

/** A measurement of one command on the stacks `dev` and `persistent`, on which it changes nothing. */
export function noChange(name: string, { what, ours, baseline, target }: NoChange) {
  return async (rounds: number): Promise<Report> => {
    const usual = await BenchProgram.create("usual");
    const lean = await BenchProgram.create("lean");
    const results = [];
    try {
      for (const program of [usual, lean]) await program.run("up", "--yes", "--skip-preview");
      for (const like of (await missing("docker")) ? ["dev"] : ["dev", "persistent"]) {
        const stack = await TestStack.create(like, { protectData: "false" });
        try {
          await stack.up();
          // The first one of each fills the compile cache.
          for (const once of [() => ours(stack), () => usual.run(...baseline), () => lean.run(...baseline)])
            await once();
          const found = await interleave(like, rounds, {
            ours: () => timed(() => ours(stack)),
            usual: () => timed(() => usual.run(...baseline)),
            lean: () => timed(() => lean.run(...baseline)),
          });
          results.push(
            figure(like, "ms", found.ours, found.usual, rounds, { target }),
            figure(`${like}, against a lean one`, "ms", found.ours, found.lean, rounds),
          );
        } finally {
          await stack.remove();
        }
      }
    } finally {
      for (const program of [usual, lean]) program.remove();
    }
    return report(
      name,
      `${what} Baseline: the same of a program without resources as \`pulumi new typescript\` makes it, same CLI, SDK and ` +
        "kind of backend; a lean one has its types stripped by Node and a compile cache, as this project's commands have. " +
        "Does not say what a change costs.",
      results,
    );
  };
}
