import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname } from "node:path";
import { Argument } from "commander";
import { defaultRounds, meetsTarget, type Report } from "../../bench/support/measure.ts";
import { saveReport } from "../../bench/support/results.ts";
import { defineCommand, parseWholeNumber, runCommand } from "../../cli/lib/command.ts";
import { findBinary } from "../../cli/lib/pulumi-backend.ts";
import { fillBlocks } from "../docs/blocks.ts";

const names = readdirSync("bench").flatMap((file) => (file.endsWith(".ts") ? [file.slice(0, -3)] : []));

/** The page with a table for each benchmark. */
const page = "docs/performance.md";

const command = defineCommand("bench", "Measures one thing against another in the same run, and reports the ratio.")
  .addArgument(new Argument("<name>", "the benchmark").choices(names))
  .option("--json", "print the report as JSON and nothing else")
  .option(
    "--rounds <number>",
    "how often each side is measured, alternating with the other",
    parseWholeNumber(1),
    defaultRounds,
  )
  .addHelpText(
    "after",
    "\nWrites bench/results/NAME.json, its plot, and the tables of docs/performance.md.\nExample: npm run bench -- start",
  )
  .action(bench);

async function bench(name: string, { json, rounds }: { json?: true; rounds: number }): Promise<void> {
  // Some measure the plain CLI.
  process.env.PATH = `${dirname(await findBinary())}${delimiter}${process.env.PATH}`;
  const { run } = (await import(`../../bench/${name}.ts`)) as { run(rounds: number): Promise<Report> };
  const report = await run(rounds);
  saveReport(report);
  writeFileSync(page, fillBlocks(readFileSync(page, "utf8"), {}));
  if (json) {
    console.log(JSON.stringify(report));
    return;
  }
  console.log(`\n${report.scope}`);
  console.table(
    report.results.map(({ target, spread, ...result }) => ({
      ...result,
      ...(target && { target: `${target.bound} ${target.ratio}`, reached: meetsTarget({ ...result, target }) }),
    })),
  );
  const { cpu, cores, memoryGiB, node, platform, load } = report.machine;
  console.log(
    `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${platform}, Node ${node}, load ${load.before} before, ${load.after} after`,
  );
}

await runCommand(command);
