import { execFile, fork } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { compileCache } from "../../../lib/host/paths.ts";
import { Problem } from "../../../lib/problem.ts";
import type { Answer, Wanted } from "./child.ts";
import { plannableSettings, type StackSettings } from "./settings.ts";

const run = promisify(execFile);
const planFolder = dirname(fileURLToPath(import.meta.url));

/** A stack as a revision plans it. */
export type StackPlan = Answer & Pick<StackSettings, "values" | "secrets" | "assumed">;

/** Plans stacks of the project in `folder`, by its own program on its own dependencies; all that have settings there. */
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

/** Runs child.ts in a folder. Nothing of this machine is in its environment: a plan is the repository's alone. */
async function ask(folder: string, wanted: Wanted): Promise<Map<string, Answer>> {
  const own = resolve(folder, "cli/lib/plan") === planFolder;
  const script = own ? join(planFolder, "child.ts") : copyPlanner(folder);
  const home = mkdtempSync(join(tmpdir(), "inngest-local-home-"));
  const answers = new Map<string, Answer>();
  let said = "";
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
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (text) => (said += text));
    child.on("message", (answer: Answer) => answers.set(answer.stack, answer));
    child.send(wanted);
    const code = await new Promise((resolve) => child.once("close", resolve));
    if (answers.size === 0 && Object.keys(wanted.stacks).length > 0) {
      throw new Problem(`the plan of ${folder} ended with code ${code}:\n${said.trim()}`);
    }
    return answers;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Puts this revision's planner beside another revision's program, and returns the script to run. */
function copyPlanner(folder: string): string {
  const copy = join(folder, ".planner");
  cpSync(planFolder, copy, { recursive: true });
  return join(copy, "child.ts");
}

/**
 * Lays the files of a revision into a new folder, with dependencies, and hands that to `action`; the folder goes with it.
 * Throws {@link Problem} for a revision that git does not know, or whose dependencies cannot be installed.
 */
export async function withRevision<T>(commit: string, action: (folder: string) => Promise<T>): Promise<T> {
  const scratch = mkdtempSync(join(tmpdir(), "inngest-local-base-"));
  const folder = join(scratch, "tree");
  try {
    // An index of its own: no worktree that a killed run would leave registered, and nobody's index is touched.
    const env = { ...process.env, GIT_INDEX_FILE: join(scratch, "index") };
    await run("git", ["read-tree", commit], { env });
    await run("git", ["checkout-index", "--all", `--prefix=${folder}/`], { env });
    await provideDependencies(folder);
    return await action(folder);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The same lock file means the same dependencies; another one is installed, without the scripts of its packages. */
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
  try {
    await run("npm", ["ci", ...flags], { cwd: folder });
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    throw new Problem(
      `the base has other dependencies, and npm could not install them: ${stderr.trim().split("\n")[0]}`,
      "connect to the network, or name a base with this package-lock.json (--base)",
    );
  }
}

/** The commit that a name stands for. Throws {@link Problem} where there is none. */
export async function commitOf(name: string): Promise<string | undefined> {
  try {
    return (
      await run("git", ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`])
    ).stdout.trim();
  } catch {
    return undefined;
  }
}

/** Where this branch left the main one: the base that a reviewer means. */
export async function forkPoint(): Promise<string | undefined> {
  for (const main of ["origin/HEAD", "origin/main", "main"]) {
    const found = await run("git", ["merge-base", "HEAD", main]).catch(() => undefined);
    if (found) return found.stdout.trim();
  }
  return undefined;
}
