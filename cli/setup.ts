import { join } from "node:path";
import { execa } from "execa";
import { dataFolder } from "../lib/host/paths.ts";
import { holderOf } from "../lib/host/ports.ts";
import { locate } from "../lib/host/programs.ts";
import { running } from "../lib/host/supervisors/index.ts";
import { identify } from "../lib/host/supervisors/service.ts";
import { InngestApi } from "../lib/inngest/api.ts";
import { Problem } from "../lib/problem.ts";
import type { Settings } from "../lib/settings/settings.ts";
import { defineCommand, runCommand, UsageProblem } from "./lib/command.ts";
import { outputsIfUp } from "./lib/live-stack.ts";
import { Pulumi } from "./lib/pulumi-cli.ts";
import { freeStack } from "./lib/stack-lock.ts";
import {
  type Answers,
  checkFlags,
  choice,
  endpointOf,
  type Flags,
  frameworks,
  runtimes,
  type StackName,
  stackOf,
  stacks,
} from "./setup/answers.ts";
import * as ask from "./setup/questions.ts";
import { copyHistory, findRecipe, hasHistory, type Recipe, stopContainer } from "./setup/recipe.ts";
import {
  checkFolder,
  differences,
  lookAt,
  packageName,
  readFiles,
  scaffoldFiles,
  works,
  writeWorker,
} from "./setup/scaffold.ts";
import { SettingsFile } from "./setup/settings.ts";

/** Folder of a new worker where nobody says another; git leaves it to its owner. */
const defaultWorkerDir = "my-worker";
/** Lines of differences that are shown of a worker which is there already. */
const shownLines = 40;

const command = defineCommand(
  "setup",
  "Asks three questions, makes a worker, brings the stack up and checks it. Run it again at any time: it goes on from what is there.",
)
  .argument("[tier]", "what you are building: 0 to 4, or the name of its stack")
  .option("--tier <tier>", "the same as a flag")
  .option("--runtime <runtime>", `what runs the worker: ${runtimes.join(", ")} (an app that you have)`)
  .option("--work <work>", `kind of work: ${works.join(", ")}`)
  .option("--worker-dir <dir>", `folder of the worker, from this one or absolute (default: ${defaultWorkerDir})`)
  .option("--app-url <url>", "with --runtime external: where your app answers")
  .option("--framework <name>", `with --runtime external: ${frameworks.join(", ")}`)
  .option("-y, --yes", "do not ask: take the flags, and what is here for the rest")
  .addHelpText(
    "after",
    `\nTiers:\n${stacks.map(({ stack, building }, n) => `  ${n}  ${stack.padEnd(11)} ${building}`).join("\n")}`,
  )
  .addHelpText("after", "\nExample: npm run setup -- 2 --runtime bun --work general --yes")
  .action(setup);

async function setup(positional: string | undefined, given: Flags): Promise<void> {
  if (positional !== undefined && given.tier !== undefined) {
    throw new UsageProblem("the tier must be given once", "leave --tier out");
  }
  const flags = { ...given, ...(positional !== undefined && { tier: positional }) };
  checkFlags(flags);
  const asks = !flags.yes;
  if (asks && !(process.stdin.isTTY && process.stdout.isTTY)) {
    throw new UsageProblem("no terminal to ask on", "--yes, with flags for what is to be other than it is");
  }
  if (asks) ask.greet();
  const stack = flags.tier ? stackOf(flags.tier) : asks ? await ask.askBuilding() : "dev";

  const pulumi = await Pulumi.find();
  await pulumi.ensureStack(stack);
  await freeStack(pulumi, stack);
  const file = new SettingsFile(pulumi, stack);
  const answers = await answer(stack, flags, asks, file);
  const { worker } = answers;
  if (worker.runtime === "bun") locate({ kind: "bun" });
  const wanted = wantedSettings(answers, file.exists);
  const changes = await file.changes(wanted);
  const settings = await pulumi.settings(stack);
  checkSettings(stack, settings);

  const { port, dataDir } = settings;
  const isUp = (await outputsIfUp(pulumi, stack)) !== undefined;
  const recipe = isUp ? undefined : await findRecipe([".", process.env.INIT_CWD ?? "."]);
  const adopted = recipe && (!asks || (await ask.askAdopt(offer(recipe)))) ? recipe : undefined;
  const oldContainer = adopted?.container?.running ? adopted.container : undefined;
  if (!isUp && !oldContainer?.ports.includes(port)) await checkPort(stack, port, dataDir);
  const secrets: Record<string, string> = {};
  for (const [key, value] of Object.entries(adopted?.keys ?? {})) {
    if ((await file.get(key)) === undefined) secrets[key] = value;
  }
  const serverFolder = join(dataFolder(stack, dataDir), "server");
  const history = stack === "dev" && adopted?.container && !hasHistory(serverFolder) ? adopted.container : undefined;

  const template =
    worker.runtime === "external"
      ? undefined
      : scaffoldFiles(readFiles("worker"), worker.work, packageName(worker.dir));
  const isNew = worker.runtime !== "external" && lookAt(worker.dir) === "absent";
  const plan = [
    `stack ${stack}: ${isUp ? "is up; brought up to date" : "brought up"}, then checked`,
    ...(changes.length === 0 && Object.keys(secrets).length === 0 ? [`${file.path}: stays as it is`] : []),
    ...changes.map(
      ({ path, before, after }) => `${file.path}: ${path} ${before ?? "(not set)"} -> ${after ?? "(not set)"}`,
    ),
    ...Object.keys(secrets).map((key) => `${file.path}: ${key} from ${adopted?.source}, encrypted`),
    ...(adopted?.unusable ?? []).map((problem) => `not taken from ${adopted?.source}: ${problem}`),
    ...(oldContainer ? ["container inngest: stopped, not removed; `docker start inngest` brings it back"] : []),
    ...(adopted?.container ? [fateOfHistory(adopted, history !== undefined)] : []),
    ...(worker.runtime === "external"
      ? [`your app at ${worker.url}: left to you`]
      : [
          isNew
            ? `${worker.dir}: a new worker, ${template?.size} files`
            : `${worker.dir}: is there, and stays as it is`,
        ]),
  ];
  if (asks) await ask.agree(plan);
  else console.log(plan.join("\n"));

  // From here on Ctrl-C ends the step that is under way; what is done stays, and the next setup goes on.
  let interrupted = false;
  process.on("SIGINT", () => {
    interrupted = true;
  });
  const step = async (what: string, action: () => unknown) => {
    const result = await action();
    if (interrupted) throw new Problem(`setup was stopped while ${what}`, `npm run setup again, it goes on from there`);
    return result;
  };
  if (worker.runtime !== "external" && template) {
    if (isNew) await step("the worker was written", () => writeWorker(worker.dir, template));
    else if (worker.dir !== "worker") showDifferences(worker.dir, template);
  }
  await step("the settings were written", () => file.apply(changes, secrets));
  if (oldContainer) await step("container inngest was stopped", stopContainer);
  if (history) {
    const isCopied = await step("the history was copied", () => copyHistory(history, serverFolder));
    console.log(isCopied ? "its history is copied" : "container inngest has no history");
  }
  const exitCode = await step("the stack was brought up", () => pulumi.change("up", stack, ["--refresh"]));
  if (exitCode !== 0) {
    throw new Problem(`stack ${stack} is not up; what went wrong is above`, `mend that, and npm run setup again`);
  }
  if (worker.runtime === "external" && !(await answers200(worker.url))) {
    console.log(`\nNothing answers at ${worker.url} yet, so there is nothing to check.`);
    next(answers);
    return;
  }
  const verified = await step("the stack was checked", async () => {
    const options = { stdio: "inherit", reject: false } as const;
    return (await execa(process.execPath, ["cli/verify.ts", "--stack", stack], options)).exitCode;
  });
  if (verified !== 0) throw new Problem(`stack ${stack} is up, and a check has failed; it is above`);
  next(answers);
}

/** The answers: from flags, else from what is there, else asked for. */
async function answer(stack: StackName, flags: Flags, asks: boolean, file: SettingsFile): Promise<Answers> {
  const before = choice("runtime", runtimes, (await file.get("runtime")) ?? "node");
  const runtime = flags.runtime
    ? choice("--runtime", runtimes, flags.runtime)
    : asks
      ? await ask.askRuntime(before)
      : before;
  if (runtime === "external") {
    const known = flags.appUrl ?? (await file.get("workerUrl"));
    if (!known && !asks)
      throw new UsageProblem("--runtime external needs your app's address", "--app-url http://localhost:3000");
    const url = endpointOf(known ?? (await ask.askAppUrl()));
    const framework = flags.framework
      ? choice("--framework", frameworks, flags.framework)
      : asks
        ? await ask.askFramework()
        : "other";
    return { stack, worker: { runtime, url, framework } };
  }
  const workBefore = choice("work", works, (await file.get("workerEnv.WORK")) ?? "both");
  const work = flags.work ? choice("--work", works, flags.work) : asks ? await ask.askWork(workBefore) : workBefore;
  const dirBefore = (await file.get("workerDir")) ?? defaultWorkerDir;
  const dir = flags.workerDir ?? (asks ? await ask.askWorkerDir(dirBefore) : dirBefore);
  checkFolder(dir);
  return { stack, worker: { runtime, work, dir } };
}

/** Settings by path; `undefined` for those that must not be there. */
function wantedSettings({ stack, worker }: Answers, fileExists: boolean): Record<string, string | undefined> {
  const base = fileExists ? {} : stacks.find((each) => each.stack === stack)?.settings;
  if (worker.runtime === "external") return { ...base, runtime: worker.runtime, workerUrl: worker.url };
  const { runtime, work, dir } = worker;
  return { ...base, runtime, workerUrl: undefined, workerDir: dir, "workerEnv.WORK": work };
}

/** Throws {@link Problem} for what a cluster's stack cannot go without. */
function checkSettings(stack: StackName, { kubernetes, worker }: Settings): void {
  if (stack !== "kubernetes" && stack !== "cluster") return;
  const set = (key: string, value: string) => `npm run pulumi -- config set ${key} ${value} --stack ${stack}`;
  const problems = [
    ...(kubernetes?.context
      ? []
      : [`\`kubeContext\` is not set. Remedy: ${set("kubeContext", "NAME")}, one of \`kubectl config get-contexts\``]),
    ...(worker.image
      ? []
      : [
          `\`workerImage\` is not set. Remedy: docker build --tag IMAGE worker, push it, and ${set("workerImage", "IMAGE")}`,
        ]),
  ];
  if (problems.length > 0)
    throw new Problem(`stack ${stack} needs to know more:\n${problems.map((each) => `  - ${each}`).join("\n")}`);
}

/** Throws {@link Problem} when another Inngest has the port; the preflight of `up` names every other program. */
async function checkPort(stack: StackName, port: number, dataDir: string | undefined): Promise<void> {
  if (await running(identify({ stack, service: "server", dataDir }))) return;
  if (!(await new InngestApi(`http://127.0.0.1:${port}`, "").isHealthy())) return;
  const holder = await holderOf(port);
  throw new Problem(
    `another Inngest is on port ${port}${holder ? `: ${holder.command} (pid ${holder.pid})` : ""}`,
    `stop it, or npm run pulumi -- config set port ${port + 1000} --stack ${stack}`,
  );
}

function offer({ source, keys, container }: Recipe): string {
  const what = Object.keys(keys).length > 0 ? "take its keys over" : "take over from it (its keys are not usable here)";
  return `An Inngest by hand is here: ${source}. Shall setup ${what}${container?.running ? " and stop it" : ""}?`;
}

function fateOfHistory({ container }: Recipe, isCopied: boolean): string {
  if (isCopied) return "its history: copied, if it has one; runs in flight are in its memory alone, and are lost";
  return `its history: stays in the container (${container?.folder}); only tier 0 can take it along`;
}

function showDifferences(dir: string, template: ReadonlyMap<string, string>): void {
  const different = differences(dir, template);
  if (different.length === 0) return;
  console.log(`${dir} differs from a new worker in ${different.length} files, and stays as it is:`);
  const lines = different.flatMap(({ patch }) => patch.trimEnd().split("\n"));
  console.log(lines.slice(0, shownLines).join("\n"));
  if (lines.length > shownLines) console.log(`... and ${lines.length - shownLines} lines more`);
}

async function answers200(url: string): Promise<boolean> {
  return await fetch(url, { signal: AbortSignal.timeout(5000) }).then(
    () => true,
    () => false,
  );
}

/** What a person does now. */
function next({ stack, worker }: Answers): void {
  const flag = stack === "dev" ? "" : ` --stack ${stack}`;
  console.log("\nWhat next");
  if (worker.runtime === "external") {
    const example = worker.framework === "other" ? "examples/README.md" : `examples/${worker.framework}`;
    console.log(`  how your app mounts its functions   ${example}`);
    console.log(
      `  the variables that your app needs   npm run pulumi -- stack output appEnvironment --show-secrets --stack ${stack}`,
    );
    console.log(`  then check it                       npm run verify -- --stack ${stack}`);
  } else {
    console.log(
      `  the worker is yours to change       ${worker.dir}/functions, then npm start --${flag || " --stack dev"}`,
    );
    const event =
      worker.work === "ai"
        ? `agent/asked '{"conversation": "1", "question": "hello"}'`
        : `project/changed '{"project": "garden", "summary": "planted"}'`;
    console.log(`  send it an event                    npm run send --${flag} ${event}`);
  }
  console.log(`  look at the dashboard               npm run open --${flag || " --stack dev"}`);
}

await runCommand(command);
