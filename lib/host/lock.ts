import { linkSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Problem } from "../problem.ts";
import { lockFile } from "./paths.ts";
import { isRunning, type ProcessMark, startTimeOf } from "./processes.ts";
import { readJson, writePrivateFile } from "./records.ts";

/** Seconds that the holder of a lock may take: an npm install and a slow stop are within. */
const patienceSeconds = 180;

/** Runs `action` while no other process does so for the same service; a dead holder's lock is broken. */
export async function withLock(label: string, action: () => Promise<void>): Promise<void> {
  const path = lockFile(label);
  const own = `${path}.${process.pid}`;
  writePrivateFile(own, JSON.stringify({ pid: process.pid, startTime: startTimeOf(process.pid) }));
  const deadline = Date.now() + patienceSeconds * 1000;
  try {
    while (!taken(own, path)) {
      const holder = readJson<ProcessMark>(path);
      if (holder && !isRunning(holder)) rmSync(path, { force: true });
      else if (Date.now() < deadline) await sleep(100);
      else throw new Problem(`another command (pid ${holder?.pid}) is at work on ${label}`, `wait until it has ended`);
    }
    try {
      await action();
    } finally {
      rmSync(path, { force: true });
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** A hard link appears whole or not at all, on every file system that Node writes to. */
function taken(own: string, path: string): boolean {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
