import { existsSync } from "node:fs";
import { dataFolder, servicePaths } from "../../lib/host/paths.ts";
import { locate } from "../../lib/host/programs.ts";
import { hasQueueData } from "../../lib/host/queue.ts";
import { hostData } from "../../lib/places/host-data.ts";
import { Problem } from "../../lib/problem.ts";
import type { Settings } from "../../lib/settings/settings.ts";
import { wantsQueue } from "../../lib/stack/parts.ts";

/**
 * A queue that the settings of a stack on this machine want and that it does not have: the program that the next `up` uses
 * for it, or why there is none.
 */
export function missingQueue(settings: Settings): string | Problem | undefined {
  const { stack, tier, dataDir, queueBinary: binary } = settings;
  if (tier !== "process" || !wantsQueue(settings) || hasQueueData(dataFolder(stack, dataDir))) return undefined;
  try {
    return locate({ kind: "queue", binary });
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

/** What becomes of runs in flight when a stack that is up gets its first queue; `undefined` where it does not. */
export async function firstQueueNotice(settings: Settings): Promise<string | undefined> {
  const { stack, dataDir } = settings;
  const program = missingQueue(settings);
  if (typeof program !== "string") return undefined;
  if (!existsSync(servicePaths(dataFolder(stack, dataDir), "server").record)) return undefined;
  const { unfinished } = await hostData(stack, { kind: "host", dataDir }).runNextToData("inspect", {});
  return (
    `Stack ${stack} gets a queue, ${program}: runs in flight are kept from now on. ` +
    `Those of this moment are in the server's memory and are lost: ${unfinished}.`
  );
}
