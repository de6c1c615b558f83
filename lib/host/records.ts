import { chownSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { RunRecord } from "./spec.ts";

/**
 * Writes a 0600 file in one move, so that no reader sees half of it. Root's files go to the owner of the folder, who
 * may be the account that a service runs as.
 */
export function writePrivateFile(path: string, content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, content, { mode: 0o600 });
  const { uid, gid } = statSync(dirname(path));
  if (process.getuid?.() === 0) chownSync(draft, uid, gid);
  renameSync(draft, path);
}

export function readRecord(path: string): RunRecord | undefined {
  return readJson<RunRecord>(path);
}

/** A file's JSON; `undefined` when there is none, or none that can be read. */
export function readJson<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as T;
  } catch {
    return undefined;
  }
}

export function writeRecord(path: string, record: RunRecord): void {
  writePrivateFile(path, `${JSON.stringify(record)}\n`);
}

export function removeRecord(path: string): void {
  rmSync(path, { force: true });
}
