import { linkSync, rmSync } from "node:fs";
import { readJson, writePrivateFile } from "../data/private-file.ts";
import { Problem } from "../problem.ts";
import { until } from "../wait.ts";
import { lockFile } from "./paths.ts";
import { isRunning, type ProcessMark, startTimeOf } from "./processes.ts";

/**
 * Runs `action` while no other process holds the lock `label`. The lock of a dead process is broken.
 *
 * @param maxWaitSeconds @default 180, because a holder may install packages and stop a slow process
 * @throws {Problem} when another process holds it for too long
 */
export async function withLock<T>(label: string, action: () => Promise<T>, maxWaitSeconds = 180): Promise<T> {
  const path = lockFile(label);
  const own = `${path}.${process.pid}`;
  writePrivateFile(own, JSON.stringify({ pid: process.pid, startTime: startTimeOf(process.pid) }));
  try {
    const locked = await until({ seconds: maxWaitSeconds, every: 100 }, () => {
      const holder = readJson<ProcessMark>(path);
      if (holder && !isRunning(holder)) rmSync(path, { force: true });
      return isLinked(own, path);
    });
    if (!locked) {
      const holder = readJson<ProcessMark>(path);
      throw new Problem(`another command (pid ${holder?.pid}) is working on ${label}`, "wait until it has ended");
    }
    try {
      return await action();
    } finally {
      rmSync(path, { force: true });
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** Links `own` to `path` unless `path` exists. A hard link is atomic on every file system that Node writes to. */
function isLinked(own: string, path: string): boolean {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
