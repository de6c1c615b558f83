import { existsSync, readdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readJson } from "../../lib/data/private-file.ts";
import { startTimeOf } from "../../lib/host/processes.ts";
import { Problem } from "../../lib/problem.ts";
import type { Pulumi } from "./pulumi-cli.ts";
import { discardPendingCreates } from "./unfinished.ts";

/** A lock file of Pulumi's file backend. */
interface Lock {
  pid: number;
  hostname: string;
}

/**
 * Makes a stack usable again after its Pulumi was killed: removes the lock that was left, and with
 * {@link discardPendingCreates} what was left half made. Backends other than files on this machine do that themselves.
 *
 * @returns whether anything was left
 * @throws {Problem} when the Pulumi that holds the lock is still running
 */
export async function freeStack(pulumi: Pulumi, stack: string): Promise<boolean> {
  const { url } = await pulumi.whoami();
  if (!url.startsWith("file:///")) return false;
  const locks = locksIn(join(fileURLToPath(url), ".pulumi", "locks", "organization", "inngest-local", stack));
  const held = locks.find((lock) => lock.hostname !== hostname() || isAlive(lock.pid));
  if (held) {
    throw new Problem(
      `stack ${stack} is being changed by Pulumi (pid ${held.pid} on ${held.hostname})`,
      "wait until it is done",
    );
  }
  if (locks.length > 0) await pulumi.capture(["cancel", "--yes", "--stack", stack]);
  return (await discardPendingCreates(pulumi, stack)) || locks.length > 0;
}

/** The locks in a backend's folder of a stack. */
export function locksIn(folder: string): Lock[] {
  if (!existsSync(folder)) return [];
  // Next to each lock Pulumi keeps a file of attributes.
  const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
  return files.flatMap((file) => readJson<Lock>(join(folder, file)) ?? []);
}

/** Whether a process of this machine is alive, whoever owns it; zombies count as dead. */
export function isAlive(pid: number): boolean {
  return startTimeOf(pid) !== undefined;
}
