import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface ProgramOptions {
  cwd: string;
  variables?: Record<string, string>;
  /** Text for standard input. */
  input?: string;
  /** The user to run as. @default the current one */
  user?: { uid: number; gid: number };
}

/** The programs that a benchmark has started, by name. It stops no others. */
export class Programs {
  readonly #children = new Map<string, ChildProcess>();
  readonly #logs: string;

  /** `logs`: folder for the output of each program. */
  constructor(logs: string) {
    this.#logs = logs;
  }

  start(name: string, command: string, args: string[], options: ProgramOptions): void {
    const { cwd, variables = {}, input = "", user } = options;
    const log = openSync(join(this.#logs, `${name}.log`), "a");
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, LANG: "C.UTF-8", ...variables };
    const child = spawn(command, args, { cwd, env, stdio: ["pipe", log, log], ...user });
    closeSync(log);
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
    this.#children.set(name, child);
  }

  /** The program's process and all its descendants. */
  pids(name: string): number[] {
    const pid = this.#children.get(name)?.pid;
    return pid === undefined ? [] : processTree([pid]);
  }

  get names(): string[] {
    return [...this.#children.keys()];
  }

  /** Sends SIGKILL to these programs and their descendants, all at once. */
  async kill(...names: string[]): Promise<void> {
    const exits = names.map((name) => this.#exit(name));
    for (const pid of names.flatMap((name) => this.pids(name))) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {}
    }
    await Promise.all(exits);
  }

  /** Stops all programs in reverse order. */
  async stop(): Promise<void> {
    for (const [name, child] of [...this.#children].reverse()) {
      const exit = this.#exit(name);
      child.kill(name === "database" ? "SIGINT" : "SIGTERM");
      await exit;
    }
  }

  #exit(name: string): Promise<unknown> {
    const child = this.#children.get(name);
    if (!child || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => child.once("exit", resolve));
  }
}

/** These processes and their descendants (Linux and macOS). */
export function processTree(roots: number[]): number[] {
  const pairs = execFileSync("ps", ["-eo", "pid=,ppid="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
  const tree = new Set(roots);
  // Children usually follow their parents in the list, but not always.
  for (let size = 0; size !== tree.size; ) {
    size = tree.size;
    for (const [pid, parent] of pairs) if (tree.has(parent)) tree.add(pid);
  }
  return [...tree];
}

/** Processes whose command line matches (Linux). */
export function pidsMatching(matches: (command: string) => boolean): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => matches(readProc(pid, "cmdline").replaceAll("\0", " ")));
}

/** Proportional memory in MiB, where a shared page counts once (Linux). */
export function memoryOf(pids: number[]): number {
  return totalKilobytes(pids, "smaps_rollup", "Pss") / 1024;
}

/** Resident memory in MiB, where a page counts in each process that shares it (Linux). */
export function residentMemoryOf(pids: number[]): number {
  return totalKilobytes(pids, "status", "VmRSS") / 1024;
}

function totalKilobytes(pids: number[], file: string, field: string): number {
  const line = new RegExp(`^${field}:\\s+(\\d+)`, "m");
  return sum(pids.map((pid) => Number(line.exec(readProc(pid, file))?.[1] ?? 0)));
}

/** Seconds of CPU time used so far by these processes and their children that have exited (Linux). */
export function cpuTimeOf(pids: number[]): number {
  // Fields 14 to 17. The second field is a name that may contain spaces and parentheses.
  const ticks = pids.flatMap((pid) =>
    readProc(pid, "stat")
      .replace(/^.*\) /s, "")
      .split(" ")
      .slice(11, 15)
      .map(Number),
  );
  return sum(ticks) / 100;
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
