import { missing } from "../../tests/support/engine.ts";
import { TestStack } from "../../tests/support/test-stack.ts";
import { EmptyProgram } from "./empty-program.ts";
import { compare, type Report, report, type Target, timed } from "./measure.ts";

interface NoChange {
  what: string;
  ours(stack: TestStack): Promise<void>;
  /** Arguments of the CLI for the empty program. */
  baseline: string[];
  target: Target;
}

/** A measurement of one command on the stacks `dev` and `persistent`, on which it changes nothing. */
export function noChange(name: string, { what, ours, baseline, target }: NoChange) {
  return async (rounds: number): Promise<Report> => {
    const empty = await EmptyProgram.create();
    await empty.run("up", "--yes", "--skip-preview");
    const results = [];
    try {
      for (const like of (await missing("docker")) ? ["dev"] : ["dev", "persistent"]) {
        const stack = await TestStack.create(like, { protectData: "false" });
        try {
          await stack.up();
          // The first one of either fills the compile cache.
          await ours(stack);
          await empty.run(...baseline);
          const [mine, its] = [() => timed(() => ours(stack)), () => timed(() => empty.run(...baseline))];
          results.push(await compare(like, rounds, mine, its, target));
        } finally {
          await stack.remove();
        }
      }
    } finally {
      empty.remove();
    }
    return report(
      name,
      `${what} Baseline: the same of a program without resources, same CLI, SDK, backend kind and compile cache. ` +
        "Does not say what a change costs.",
      results,
    );
  };
}
