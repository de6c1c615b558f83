import { Pulumi } from "../cli/pulumi-cli.ts";
import { EmptyProgram } from "./empty-program.ts";
import { compare, type Report, report, timed } from "./measure.ts";

const rounds = 7;

/** A no-change `pulumi preview` of each stack that is up, against that of an empty program. */
export async function run(): Promise<Report> {
  const empty = await EmptyProgram.create();
  await empty.run("up", "--yes", "--skip-preview");
  const pulumi = await Pulumi.find();
  const results = [];
  try {
    for (const stack of ["dev", "persistent"]) {
      await pulumi.selectOrCreate(stack);
      await pulumi.change("up", stack, []);
      const preview = () => timed(() => pulumi.preview(stack));
      results.push(await compare(stack, rounds, preview, () => timed(() => empty.run("preview"))));
      await pulumi.change("destroy", stack, []);
    }
  } finally {
    empty.remove();
  }
  return report(
    "preview",
    "A preview without changes, all resources up. Baseline: the same of a program without resources, same SDK.",
    results,
  );
}
