import { execFileSync, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Variables that a service inherits. Everything else of the shell stays out: Pulumi's passphrase, and what a reboot
 * takes away, such as the folder for temporary files.
 */
const inherited = [
  "HOME",
  "PATH",
  "USER",
  "LOGNAME",
  "LANG",
  "LC_ALL",
  "TZ",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
];

/** With `ofAnotherAccount`, what tells the account is left to who starts the service as that account. */
export function cleanEnvironment(ofAnotherAccount = false): Record<string, string> {
  const names = inherited.filter((name) => !ofAnotherAccount || !["HOME", "USER", "LOGNAME"].includes(name));
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

/** The variables of this process that have one of `names`; `*` at the end of one stands for anything. */
export function variablesNamed(names: string[]): Record<string, string> {
  const isNamed = (name: string) =>
    names.some((each) => (each.endsWith("*") ? name.startsWith(each.slice(0, -1)) : name === each));
  const entries = Object.entries(process.env).filter(([name]) => isNamed(name));
  return Object.fromEntries(entries) as Record<string, string>;
}

/** When a process started, in the kernel's own words; `undefined` when it is gone or a zombie. */
export function startTimeOf(pid: number): string | undefined {
  try {
    if (process.platform === "linux") {
      // The command name, second field, may hold spaces and parentheses: count from its end.
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ");
      return fields[0] === "Z" ? undefined : fields[19];
    }
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim() || undefined;
  } catch {
    return undefined;
  }
}

/** When a process started, for people and clocks; `undefined` when it is gone. */
export function startedAt(pid: number): Date | undefined {
  try {
    const env = { ...process.env, LC_ALL: "C" };
    const text = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8", env });
    return new Date(text.trim());
  } catch {
    return undefined;
  }
}

/** A process by pid and start time, so that a recycled pid is not taken for it. */
export interface ProcessMark {
  pid: number;
  startTime: string;
}

export function isRunning<T extends Partial<ProcessMark>>(mark: T | undefined): mark is T & ProcessMark {
  return mark?.pid !== undefined && startTimeOf(mark.pid) === mark.startTime;
}

/**
 * Makes a process in a group of its own that outlives this one, output appended to `log`. It waits for `release`
 * before it becomes `command`, and ends when this process ends first: until then it may be written down.
 */
export async function startDetached(
  command: string[],
  options: { cwd: string; environment: Record<string, string>; log?: string | undefined },
): Promise<ProcessMark & { release(): void }> {
  const log = options.log === undefined ? "ignore" : openSync(options.log, "a", 0o600);
  try {
    const gate = 'read -r go && exec "$@" </dev/null';
    const child = spawn("/bin/sh", ["-c", gate, "sh", ...command], {
      cwd: options.cwd,
      env: options.environment,
      detached: true,
      stdio: ["pipe", log, log],
    });
    const pid = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("spawn", () => resolve(child.pid as number));
    });
    child.unref();
    return { pid, startTime: startTimeOf(pid) ?? "", release: () => child.stdin?.end("go\n") };
  } finally {
    if (typeof log === "number") closeSync(log);
  }
}

/** SIGTERM to the whole process group, a wait, and SIGKILL for what is left, also when the leader has gone before. */
export async function stopGroup(mark: ProcessMark, graceSeconds: number): Promise<void> {
  const now = startTimeOf(mark.pid);
  // Another process has the pid. While any of the group lives, the kernel gives it to nobody.
  if (now !== undefined && now !== mark.startTime) return;
  signalGroup(mark.pid, "SIGTERM");
  const deadline = Date.now() + graceSeconds * 1000;
  while (isRunning(mark) && Date.now() < deadline) await sleep(50);
  signalGroup(mark.pid, "SIGKILL");
  while (isRunning(mark)) await sleep(20);
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // EPERM: after a reboot the number may be that of a group of somebody else.
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}
