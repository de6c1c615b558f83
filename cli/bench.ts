import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Argument } from "commander";
import type { Report } from "../bench/measure.ts";
import { defineCommand, runCommand } from "./command.ts";

const notBenchmarks = ["by-hand.ts", "empty-program.ts", "measure.ts"];
const names = readdirSync("bench").flatMap((file) =>
  file.endsWith(".ts") && !notBenchmarks.includes(file) ? [file.slice(0, -3)] : [],
);

const command = defineCommand("bench", "Measures, every figure as a ratio of two things in the same run.")
  .addArgument(new Argument("<name>", "the benchmark").choices(names))
  .option("--json", "print the report as JSON and nothing else")
  .addHelpText("after", "\nExample: npm run bench -- start")
  .action(bench);

async function bench(name: string, { json }: { json?: true }): Promise<void> {
  const { run } = (await import(`../bench/${name}.ts`)) as { run(): Promise<Report> };
  const report = await run();
  mkdirSync("bench/results", { recursive: true });
  writeFileSync(join("bench/results", `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
  if (json) {
    console.log(JSON.stringify(report));
    return;
  }
  console.log(`\n${report.scope}`);
  console.table(report.results);
  const { cpu, cores, memoryGiB, node, platform, load } = report.machine;
  console.log(`${cpu}, ${cores} cores, ${memoryGiB} GiB, ${platform}, Node ${node}, load ${load}`);
}

await runCommand(command);
