import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ensureDependencies } from "../lib/dependencies.mjs";
import { Problem } from "../lib/problem.ts";
import { defineCommand, runCommand } from "./lib/command.ts";
import { execa } from "./lib/execa.ts";

interface Report {
  success: boolean;
  testResults: { assertionResults: { ancestorTitles: string[]; status: string }[] }[];
}

const command = defineCommand(
  "test",
  "Runs lint, types, unit tests, the worker's own tests, and every integration suite whose engine is here. Lists each " +
    "skipped suite with its reason; the last line has the counts.",
)
  .addHelpText("after", "\nExample: npm test")
  .action(test);

const total = { passed: 0, failed: 0, skipped: 0 };
const skippedSuites = new Set<string>();

async function check(name: string, command: string, args: string[]): Promise<void> {
  console.log(`\n== ${name}`);
  const { exitCode } = await execa(command, args, { stdio: "inherit", reject: false });
  total[exitCode === 0 ? "passed" : "failed"]++;
}

/** Runs one project's tests, and adds its report to the total. @param scratch folder for the report */
async function vitest(scratch: string, name: string, folder: string, args: string[]): Promise<void> {
  console.log(`\n== ${name}`);
  const file = join(scratch, `${name.replaceAll(/\W/g, "-")}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const { execa: start } = await import("execa");
  const run = start(resolve(folder, "node_modules/.bin/vitest"), ["run", ...args, ...reporters], {
    cwd: folder,
    stdin: "ignore",
    all: true,
    buffer: false,
    reject: false,
  });
  // Not on this terminal: two projects that run at the same time would overwrite each other's lines.
  run.all.pipe(process.stdout, { end: false });
  await run;
  if (!existsSync(file)) {
    total.failed++;
    return;
  }
  const report = JSON.parse(readFileSync(file, "utf8")) as Report;
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  const failedBefore = total.failed;
  for (const { ancestorTitles, status } of tests) {
    if (status === "passed") total.passed++;
    else if (status === "failed") total.failed++;
    else {
      total.skipped++;
      skippedSuites.add(ancestorTitles.join(" > ") || `${name}: a test without a suite`);
    }
  }
  // A file that does not load, or an error outside of a test, fails the run without a failed test.
  if (!report.success && total.failed === failedBefore) total.failed++;
}

async function test(): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "inngest-local-test-"));
  try {
    for (const folder of ["worker", "examples", "policy"]) {
      if (!ensureDependencies(folder))
        throw new Problem(`npm could not install the dependencies of ${folder}; its output is above`);
    }
    await check("lint", "biome", ["check", "--error-on-warnings", "."]);
    await check("types", "tsc", ["--noEmit"]);
    await check("types of the worker", "tsc", ["--noEmit", "--project", "worker"]);
    await check("types of the examples", "tsc", ["--noEmit", "--project", "examples"]);
    await check("types of the policy pack", "tsc", ["--noEmit", "--project", "policy/tests"]);
    await check("images", process.execPath, ["tests/support/bring-images.ts"]);
    await vitest(scratch, "unit", ".", ["--project", "unit"]);
    await vitest(scratch, "examples", "examples", []);
    await vitest(scratch, "policy pack", "policy", []);
    const others = async () => {
      await vitest(scratch, "worker", "worker", []);
      await vitest(scratch, "supervision", ".", ["--project", "supervision"]);
      await vitest(scratch, "cluster", ".", ["--project", "cluster"]);
    };
    // At the same time, because both mostly wait for processes, containers and pods.
    await Promise.all([vitest(scratch, "integration", ".", ["--project", "integration"]), others()]);
  } finally {
    rmSync(scratch, { recursive: true });
  }
  if (skippedSuites.size > 0)
    console.log(`\nSkipped:\n${[...skippedSuites].map((suite) => `  - ${suite}`).join("\n")}`);
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  process.exitCode = total.failed === 0 ? 0 : 1;
}

await runCommand(command);
