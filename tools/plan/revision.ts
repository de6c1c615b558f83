import { fork } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { compileCache } from "../../lib/host/paths.ts";
import { Problem } from "../../lib/problem.ts";
import { run } from "../../lib/process.ts";
import type { PlanAnswer, PlanRequest } from "./child.ts";
import { type PlanSettings, plannableSettings } from "./settings.ts";

const planFolder = dirname(fileURLToPath(import.meta.url));

/** A stack as a revision plans it. */
export type StackPlan = PlanAnswer & Pick<PlanSettings, "values" | "secrets" | "assumed">;

/**
 * Plans stacks of the project in `folder`, by its own program on its own dependencies.
 *
 * @param only stacks to plan. @default all that have settings there
 * @throws {Problem} when no stack can be planned
 */
export async function planRevision(folder: string, only?: readonly string[]): Promise<Map<string, StackPlan>> {
  const settings = new Map(
    readdirSync(folder)
      .flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? [])
      .filter((stack) => !only || only.includes(stack))
      .sort()
      .map((stack) => [stack, plannableSettings(readFileSync(join(folder, `Pulumi.${stack}.yaml`), "utf8"))]),
  );
  const answers = await ask(folder, { stacks: Object.fromEntries(settings) });
  return new Map(
    [...settings].map(([stack, { values, secrets, assumed }]) => [
      stack,
      {
        ...(answers.get(stack) ?? { stack, problem: "its program ended before it was planned" }),
        values,
        secrets,
        assumed,
      },
    ]),
  );
}

/**
 * Runs child.ts in a folder. Its environment holds nothing of this machine, because a plan depends on the repository
 * alone.
 */
async function ask(folder: string, request: PlanRequest): Promise<Map<string, PlanAnswer>> {
  const own = resolve(folder, "tools/plan") === planFolder;
  const script = own ? join(planFolder, "child.ts") : copyPlanner(folder);
  const home = mkdtempSync(join(tmpdir(), "inngest-local-home-"));
  const answers = new Map<string, PlanAnswer>();
  let printed = "";
  try {
    const child = fork(script, {
      cwd: folder,
      env: {
        HOME: home,
        DOCKER_CONFIG: home,
        PATH: home,
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? compileCache(),
      },
      execArgv: ["--disable-warning=ExperimentalWarning"],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (text) => (printed += text));
    child.on("message", (answer: PlanAnswer) => answers.set(answer.stack, answer));
    child.send(request);
    const code = await new Promise((resolve) => child.once("close", resolve));
    if (answers.size === 0 && Object.keys(request.stacks).length > 0) {
      throw new Problem(`the plan of ${folder} ended with code ${code}:\n${printed.trim()}`);
    }
    return answers;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Copies this revision's planner into another revision's tree, and returns the script to run. */
function copyPlanner(folder: string): string {
  const copy = join(folder, ".planner");
  cpSync(planFolder, copy, { recursive: true });
  return join(copy, "child.ts");
}

/**
 * Calls `action` with a folder that has the files of a revision and its dependencies, and deletes the folder
 * afterwards.
 *
 * @throws {Problem} when the dependencies cannot be installed
 */
export async function withRevision<T>(commit: string, action: (folder: string) => Promise<T>): Promise<T> {
  const scratch = mkdtempSync(join(tmpdir(), "inngest-local-base-"));
  const folder = join(scratch, "tree");
  try {
    // A separate index: the user's stays as it is, and a killed run leaves no worktree registered.
    const env = { GIT_INDEX_FILE: join(scratch, "index") };
    await run("git", ["read-tree", commit], { env });
    await run("git", ["checkout-index", "--all", `--prefix=${folder}/`], { env });
    await provideDependencies(folder);
    return await action(folder);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * Links this project's dependencies where the lock file is the same. Otherwise installs them, without package scripts.
 */
async function provideDependencies(folder: string): Promise<void> {
  const lock = (of: string) => readFileSync(join(of, "package-lock.json"), "utf8");
  if (existsSync(join(folder, "package-lock.json")) && lock(folder) === lock(".")) {
    symlinkSync(resolve("node_modules"), join(folder, "node_modules"), "junction");
    return;
  }
  const flags = [
    "--ignore-scripts",
    "--prefer-offline",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    "--omit=optional",
    "--omit=dev",
  ];
  const { exitCode, stderr } = await execa("npm", ["ci", ...flags], { cwd: folder, reject: false });
  if (exitCode === 0) return;
  throw new Problem(
    `the base has other dependencies, and npm could not install them: ${stderr.trim().split("\n")[0]}`,
    "connect to the network, or name a base with this package-lock.json (--base)",
  );
}

/** The commit that a name stands for, or `undefined`. */
export async function commitOf(name: string): Promise<string | undefined> {
  const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`];
  return await run("git", args).catch(() => undefined);
}

/** The commit at which this branch left the main one, or `undefined` where no main branch is here. */
export async function forkPoint(): Promise<string | undefined> {
  for (const main of ["origin/HEAD", "origin/main", "main"]) {
    const commit = await run("git", ["merge-base", "HEAD", main]).catch(() => undefined);
    if (commit) return commit;
  }
  return undefined;
}
