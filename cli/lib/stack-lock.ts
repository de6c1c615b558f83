import { existsSync, readdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startTimeOf } from "../../lib/host/processes.ts";
import { readJson } from "../../lib/host/records.ts";
import { Problem } from "../../lib/problem.ts";
import type { Pulumi } from "./pulumi-cli.ts";
import { forgetUnfinished } from "./unfinished.ts";

interface Lock {
  pid: number;
  hostname: string;
}

/**
 * Frees a stack whose Pulumi was killed before it could give the lock back, and forgets what that had only begun.
 * Throws {@link Problem} while a Pulumi that holds it lives. Only a backend of files on this machine has such locks; any other knows for itself. Resolves to whether
 * there was anything to free.
 */
export async function freeStack(pulumi: Pulumi, stack: string): Promise<boolean> {
  const { stdout } = await pulumi.capture(["whoami", "--json"]);
  const { url = "" } = JSON.parse(stdout) as { url?: string };
  if (!url.startsWith("file:///")) return false;
  const folder = join(fileURLToPath(url), ".pulumi", "locks", "organization", "inngest-local", stack);
  const locks = locksIn(folder);
  const living = locks.find((lock) => lock.hostname !== hostname() || isAlive(lock.pid));
  if (living) {
    throw new Problem(
      `stack ${stack} is being changed by Pulumi (pid ${living.pid} on ${living.hostname})`,
      `wait until it is done`,
    );
  }
  if (locks.length > 0) await pulumi.capture(["cancel", "--yes", "--stack", stack]);
  return (await forgetUnfinished(pulumi, stack)) || locks.length > 0;
}

export function locksIn(folder: string): Lock[] {
  if (!existsSync(folder)) return [];
  // Beside each lock Pulumi keeps a file about the file.
  const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
  return files.flatMap((file) => readJson<Lock>(join(folder, file)) ?? []);
}

/** Whether a process of this machine lives, whoever it belongs to; one that nobody has buried yet does not. */
export function isAlive(pid: number): boolean {
  return startTimeOf(pid) !== undefined;
}
