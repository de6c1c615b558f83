import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Every file below a folder. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Arguments of every process on this machine. */
export function everyCommandLine(): string {
  return pids()
    .map((pid) => readOr(`/proc/${pid}/cmdline`).replaceAll("\0", " "))
    .join("\n");
}

/** Initial environment of one process. */
export function initialEnvironment(pid: number): string {
  return readFileSync(`/proc/${pid}/environ`, "utf8");
}

/** Which of `texts` hold which of `secrets`: `name of the text: name of the secret`. */
export function leaks(texts: Record<string, string>, secrets: Record<string, string>): string[] {
  return Object.entries(texts).flatMap(([where, text]) =>
    Object.entries(secrets).flatMap(([secret, value]) => (text.includes(value) ? [`${where}: ${secret}`] : [])),
  );
}

function pids(): string[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
}

function readOr(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
