import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface How {
  cwd: string;
  variables?: Record<string, string>;
  /** Its standard input. */
  input?: string;
  /** Whose process it is. @default this one's */
  user?: { uid: number; gid: number };
}

/** Programs that a measurement starts, by name, and the only ones that it ends. */
export class Programs {
  readonly #children = new Map<string, ChildProcess>();
  readonly #logs: string;

  /** `logs`: folder for what each of them writes. */
  constructor(logs: string) {
    this.#logs = logs;
  }

  start(name: string, command: string, args: string[], { cwd, variables = {}, input = "", user }: How): void {
    const log = openSync(join(this.#logs, `${name}.log`), "a");
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, LANG: "C.UTF-8", ...variables };
    const child = spawn(command, args, { cwd, env, stdio: ["pipe", log, log], ...user });
    closeSync(log);
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
    this.#children.set(name, child);
  }

  /** The process and all its children. */
  pids(name: string): number[] {
    const pid = this.#children.get(name)?.pid;
    return pid === undefined ? [] : processTree([pid]);
  }

  get names(): string[] {
    return [...this.#children.keys()];
  }

  /** SIGKILL for these and their children, at once. */
  async kill(...names: string[]): Promise<void> {
    const gone = names.map((name) => this.#gone(name));
    for (const pid of names.flatMap((name) => this.pids(name))) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {}
    }
    await Promise.all(gone);
  }

  /** Ends all of them, the last one first. */
  async stop(): Promise<void> {
    for (const [name, child] of [...this.#children].reverse()) {
      const gone = this.#gone(name);
      child.kill(name === "database" ? "SIGINT" : "SIGTERM");
      await gone;
    }
  }

  #gone(name: string): Promise<unknown> {
    const child = this.#children.get(name);
    if (!child || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => child.once("exit", resolve));
  }
}

/** These processes and what they have started (Linux and macOS). */
export function processTree(roots: number[]): number[] {
  const pairs = execFileSync("ps", ["-eo", "pid=,ppid="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
  const inside = new Set(roots);
  // Children come after their parents often, but not always.
  for (let size = 0; size !== inside.size; ) {
    size = inside.size;
    for (const [pid, parent] of pairs) if (inside.has(parent)) inside.add(pid);
  }
  return [...inside];
}

export function pidsOf(matches: (command: string) => boolean): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => matches(textOf(pid, "cmdline").replaceAll("\0", " ")));
}

/** Megabytes; memory that processes share counts once (Linux). */
export function memoryOf(pids: number[]): number {
  const kilobytes = pids.map((pid) => Number(/^Pss:\s+(\d+)/m.exec(textOf(pid, "smaps_rollup"))?.[1] ?? 0));
  return kilobytes.reduce((total, each) => total + each, 0) / 1024;
}

/** Seconds of processor time so far, of these and of their children that have ended (Linux). */
export function processorTimeOf(pids: number[]): number {
  // Fields 14 to 17, the second one being a name that may hold anything.
  const ticks = pids.flatMap((pid) =>
    textOf(pid, "stat")
      .replace(/^.*\) /s, "")
      .split(" ")
      .slice(11, 15)
      .map(Number),
  );
  return ticks.reduce((total, each) => total + each, 0) / 100;
}

function textOf(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
