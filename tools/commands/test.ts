import { chmodSync, existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { defineCommand, runCommand } from "../../cli/lib/command.ts";
import { execa } from "../../cli/lib/execa.ts";
import { installDependencies } from "../../lib/dependencies.mjs";
import { Problem } from "../../lib/problem.ts";

interface Report {
  success: boolean;
  testResults: { assertionResults: { ancestorTitles: string[]; status: string }[] }[];
}

/** One check or one run of Vitest, on a lane whose variables it passes on. */
type Job = (variables: NodeJS.ProcessEnv) => Promise<void>;

const command = defineCommand(
  "test",
  "Runs lint, types, unit tests, the worker's own tests, and every integration suite whose engine is here. Lists each " +
    "skipped suite with its reason; the last line has the counts.",
)
  .addHelpText("after", "\nExample: npm test")
  .action(test);

const total = { passed: 0, failed: 0, skipped: 0 };
const skippedSuites = new Set<string>();

/** Has all that a run writes. Short, for paths of Unix sockets. */
const folder = join(existsSync("/tmp") ? "/tmp" : tmpdir(), `il-${process.pid}`);
/** For tests without an engine, which must leave it empty. */
const emptied = join(folder, "e");
/** For suites on the real engine, which kill commands while these have folders. */
const temporary = join(folder, "t");

/** Variables of each lane: the suites of one take no port of the other's. */
const lanes = ["20000", "25000"].map((FIRST_TEST_PORT) => ({ FIRST_TEST_PORT, TMPDIR: temporary }));

/** Runs the jobs in their order, each on the first lane that is free. */
async function onLanes(...jobs: Job[]): Promise<void> {
  const lane = async (variables: NodeJS.ProcessEnv) => {
    for (let job = jobs.shift(); job; job = jobs.shift()) await job(variables);
  };
  await Promise.all(lanes.map(lane));
}

const check =
  (name: string, command: string, ...args: string[]): Job =>
  async (env) => {
    const { exitCode, all } = await execa(command, args, { env, stdin: "ignore", all: true, reject: false });
    console.log(`\n== ${name}\n${all}`);
    total[exitCode === 0 ? "passed" : "failed"]++;
  };

/** Runs Vitest in the folder of a package, and counts what its report says. */
const vitest =
  (name: string, packageFolder: string, ...args: string[]): Job =>
  async (env) => {
    console.log(`\n== ${name}`);
    const file = join(folder, `${name.replaceAll(/\W/g, "-")}.json`);
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
    const { execa: start } = await import("execa");
    const run = start(resolve(packageFolder, "node_modules/.bin/vitest"), ["run", ...args, ...reporters], {
      cwd: packageFolder,
      env,
      stdin: "ignore",
      all: true,
      buffer: false,
      reject: false,
    });
    // Not this one's terminal, on which two that run side by side would draw over one another.
    run.all.pipe(process.stdout, { end: false });
    await run;
    count(name, existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Report) : undefined);
  };

function count(name: string, report: Report | undefined): void {
  const failedBefore = total.failed;
  const tests = report?.testResults.flatMap(({ assertionResults }) => assertionResults) ?? [];
  for (const { ancestorTitles, status } of tests) {
    if (status === "passed") total.passed++;
    else if (status === "failed") total.failed++;
    else {
      total.skipped++;
      skippedSuites.add(ancestorTitles.join(" > ") || `${name}: a test without a suite`);
    }
  }
  // A file that does not load, or an error outside of any test, fails the run without a failed test.
  if (!report?.success && total.failed === failedBefore) total.failed++;
}

/** Each suite of the project `integration` as a job of its own, long files first. */
function integrationJobs(): Job[] {
  const files = globSync("tests/integration/*.test.ts").filter(
    (file) => !/\/(supervision-.*|launchd)\.test/.test(file),
  );
  const isNewcomers = (file: string) => readFileSync(file, "utf8").includes("/newcomer.ts");
  const fixedPort = files.filter(isNewcomers);
  const bySize = files
    .filter((file) => !isNewcomers(file))
    .toSorted((one, other) => statSync(other).size - statSync(one).size);
  // A newcomer's stack has the ports that its settings file names: two of them run one after the other.
  return [fixedPort, ...bySize.map((file) => [file])].map((files) =>
    vitest(files.join(" "), ".", "--project", "integration", ...files),
  );
}

/** Counts what tests without an engine have left, the names of one kind as one failed check. */
function checkLeftovers(): void {
  const names = readdirSync(emptied).map((name) => name.replace(/-[^-]{6}$/, "-*"));
  const kinds = Object.entries(Object.groupBy(names, (name) => name));
  for (const [kind, { length } = []] of kinds) console.log(`left in the temporary folder: ${length} × ${kind}`);
  total.failed += kinds.length;
  if (kinds.length === 0) total.passed++;
}

async function test(): Promise<void> {
  for (const each of [folder, emptied, temporary]) mkdirSync(each);
  // Servers of other users, such as Postgres, have folders of their own in it.
  chmodSync(folder, 0o755);
  chmodSync(temporary, 0o1777);
  try {
    for (const packageFolder of ["worker", "examples", "policy"]) {
      const failure = installDependencies(packageFolder, { dev: true });
      if (failure) throw new Problem(failure);
    }
    await onLanes(
      check("types", "tsc", "--noEmit"),
      check("images", process.execPath, "tests/support/bring-images.ts"),
      check("lint", "biome", "check", "--error-on-warnings", "."),
      check("types of the worker", "tsc", "--noEmit", "--project", "worker"),
      check("types of the examples", "tsc", "--noEmit", "--project", "examples"),
      check("types of the policy pack", "tsc", "--noEmit", "--project", "policy/tests"),
    );
    const withoutEngine = ["unit", "process", "repository"].flatMap((project) => ["--project", project]);
    // Vitest would leave one core idle.
    await vitest("unit, process, repository", ".", ...withoutEngine, "--maxWorkers=100%")({ TMPDIR: emptied });
    checkLeftovers();
    // They wait for processes, containers and pods most of the time. The longest come first, so that both lanes end together.
    await onLanes(
      vitest("cluster", ".", "--project", "cluster"),
      vitest("supervision", ".", "--project", "supervision"),
      ...integrationJobs(),
      vitest("worker", "worker"),
      vitest("policy pack", "policy"),
      vitest("examples", "examples"),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (skippedSuites.size > 0)
    console.log(`\nSkipped:\n${[...skippedSuites].map((suite) => `  - ${suite}`).join("\n")}`);
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  process.exitCode = total.failed === 0 ? 0 : 1;
}

await runCommand(command);
