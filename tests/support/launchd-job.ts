/**
 * What launchd does for one job, for launchctl.sh: starts it with launchd's bare environment, again after
 * ThrottleInterval when it ended, and ends it with its whole group, SIGKILL after ExitTimeOut.
 */
import { execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

interface Job {
  Label: string;
  ProgramArguments: [string, ...string[]];
  EnvironmentVariables?: Record<string, string>;
  WorkingDirectory?: string;
  StandardOutPath?: string;
  KeepAlive?: boolean;
  RunAtLoad?: boolean;
  ThrottleInterval?: number;
  ExitTimeOut?: number;
  Umask?: number;
}

const folder = process.env.LAUNCHD as string;
/** Milliseconds for which launchd refuses a label that `print` no longer knows. */
const settling = 300;
const fileOf = (label: string, kind: "print" | "disabled" | "settling") => join(folder, `${label}.${kind}`);

async function bootstrap(path: string): Promise<void> {
  const fail = (code: number, reason: string): never => {
    console.error(`Bootstrap failed: ${code}: ${reason}`);
    process.exit(code);
  };
  if (!existsSync(path)) fail(2, "No such file or directory");
  if ((statSync(path).mode & 0o022) !== 0) fail(122, "Path had bad ownership/permissions");
  const job = readJob(path);
  if (existsSync(fileOf(job.Label, "disabled"))) fail(119, "Service is disabled");
  const busy = existsSync(fileOf(job.Label, "print")) || existsSync(fileOf(job.Label, "settling"));
  if (busy || !job.ProgramArguments[0].startsWith("/")) fail(5, "Input/output error");
  const args = [import.meta.filename, "keep", path];
  mkdirSync(folder, { recursive: true });
  const keeper = spawn(process.execPath, args, { detached: true, stdio: "ignore", cwd: "/" });
  // Another bootstrap of the label may be on its way: one of the two keepers gets it.
  keeper.once("exit", () => fail(5, "Input/output error"));
  while (keeperOf(job.Label) !== keeper.pid) await sleep(10);
  process.exit();
}

async function keep(path: string): Promise<void> {
  const job = readJob(path);
  let ending = false;
  let again = false;
  let child: ReturnType<typeof spawn> | undefined;
  const [program, ...args] = job.ProgramArguments;

  const start = () => {
    process.umask(job.Umask ?? 0o22);
    const output = job.StandardOutPath ? openSync(job.StandardOutPath, "a") : "ignore";
    const env = { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", ...job.EnvironmentVariables };
    child = spawn(program, args, { cwd: job.WorkingDirectory, env, detached: true, stdio: ["ignore", output, output] });
    describe(job.Label, path, child.pid);
    child.once("exit", async () => {
      killGroup(child?.pid as number);
      child = undefined;
      if (ending) return;
      describe(job.Label, path);
      if (!again) await sleep((job.ThrottleInterval ?? 10) * 1000);
      again = false;
      if (job.KeepAlive && !ending) start();
    });
  };
  process.on("SIGTERM", async () => {
    ending = true;
    const deadline = Date.now() + (job.ExitTimeOut ?? 20) * 1000;
    child?.kill("SIGTERM");
    while (child && Date.now() < deadline) await sleep(20);
    child?.kill("SIGKILL");
    while (child) await sleep(20);
    writeFileSync(fileOf(job.Label, "settling"), "");
    rmSync(fileOf(job.Label, "print"), { force: true });
    await sleep(settling);
    rmSync(fileOf(job.Label, "settling"), { force: true });
    process.exit();
  });
  // A kickstart of what runs, or is about to, changes nothing.
  process.on("SIGUSR1", () => {});
  // With -k it ends what runs, and does not wait to start it again.
  process.on("SIGUSR2", () => {
    again = true;
    child?.kill("SIGKILL");
  });
  try {
    linkSync(described(job.Label, path), fileOf(job.Label, "print"));
  } catch {
    process.exit(1);
  }
  if (job.RunAtLoad || job.KeepAlive) start();
  setInterval(() => {}, 60_000);
}

/** What `launchctl print` says of a job, as far as anybody may rely on it, and which keeper is its. */
function describe(label: string, path: string, pid?: number): void {
  renameSync(described(label, path, pid), fileOf(label, "print"));
}

function described(label: string, path: string, pid?: number): string {
  const lines = [`${label} = {`, `\tpath = ${path}`, `\tstate = ${pid ? "running" : "spawn scheduled"}`];
  const text = [...lines, ...(pid ? [`\tpid = ${pid}`] : []), `\tkeeper = ${process.pid}`, "}", ""].join("\n");
  const file = `${fileOf(label, "print")}.${process.pid}`;
  writeFileSync(file, text);
  return file;
}

function keeperOf(label: string): number | undefined {
  const file = fileOf(label, "print");
  const pid = existsSync(file) && /^\tkeeper = (\d+)$/m.exec(readFileSync(file, "utf8"))?.[1];
  return pid ? Number(pid) : undefined;
}

function readJob(path: string): Job {
  const program = "import json, plistlib, sys; print(json.dumps(plistlib.loads(sys.stdin.buffer.read())))";
  return JSON.parse(execFileSync("python3", ["-c", program], { input: readFileSync(path), encoding: "utf8" })) as Job;
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nothing was left of it.
  }
}

const [verb, path = ""] = process.argv.slice(2);
if (verb === "bootstrap") await bootstrap(path);
else await keep(path);
