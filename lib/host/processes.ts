import { execFileSync, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { until } from "../wait.ts";

/**
 * Variables that a service inherits. The rest of the shell's environment stays out, such as Pulumi's passphrase, and
 * paths that do not survive a reboot.
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

/** The inherited variables; for another account without those that name the account, which its supervisor sets. */
export function cleanEnvironment(forAnotherAccount = false): Record<string, string> {
  const names = inherited.filter((name) => !forAnotherAccount || !["HOME", "USER", "LOGNAME"].includes(name));
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

/** Variables of this process whose name is in `names`, where a name may end in the wildcard `*`. */
export function variablesNamed(names: string[]): Record<string, string> {
  const isWanted = (name: string) =>
    names.some((each) => (each.endsWith("*") ? name.startsWith(each.slice(0, -1)) : name === each));
  const entries = Object.entries(process.env).filter(([name]) => isWanted(name));
  return Object.fromEntries(entries) as Record<string, string>;
}

/** When a process started, in the kernel's format; `undefined` when it is gone or a zombie. */
export function startTimeOf(pid: number): string | undefined {
  try {
    if (process.platform === "linux") {
      // The second field, the command name, may contain spaces and parentheses: count from its end.
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

/** When a process started, as a date; `undefined` when it is gone. */
export function startedAt(pid: number): Date | undefined {
  try {
    const env = { ...process.env, LC_ALL: "C" };
    const text = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8", env });
    return new Date(text.trim());
  } catch {
    return undefined;
  }
}

/** Identifies a process by pid and start time, so that a recycled pid is not mistaken for it. */
export interface ProcessMark {
  pid: number;
  startTime: string;
}

export function isRunning<T extends Partial<ProcessMark>>(mark: T | undefined): mark is T & ProcessMark {
  return mark?.pid !== undefined && startTimeOf(mark.pid) === mark.startTime;
}

/**
 * Starts a process in its own group, which outlives this one, with its output appended to `log`. It executes `command`
 * once `release` is called, and ends if this process ends before: meanwhile the caller can record it.
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

/** Sends SIGTERM to a process group, waits, and sends SIGKILL to what is left, even if the leader is gone already. */
export async function stopGroup(mark: ProcessMark, graceSeconds: number): Promise<void> {
  const now = startTimeOf(mark.pid);
  // The pid belongs to another process, so the group is gone: the kernel does not reuse the number of a group.
  if (now !== undefined && now !== mark.startTime) return;
  signalGroup(mark.pid, "SIGTERM");
  await until({ seconds: graceSeconds, every: 50 }, () => !isRunning(mark));
  signalGroup(mark.pid, "SIGKILL");
  await until({ seconds: Infinity, every: 20 }, () => !isRunning(mark));
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // EPERM: after a reboot another user's group may have the number.
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}
