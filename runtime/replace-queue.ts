import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Redis } from "../lib/data/redis.ts";
import { Problem } from "../lib/problem.ts";

/**
 * Replaces everything in the queue with `queue.rdb` of a folder. When Redis does not load it, the queue gets back what it
 * had, from the snapshot `previous`.
 *
 * @param undo brings back the history
 * @throws {Problem} when Redis does not load it
 */
export async function replaceQueue(
  redis: Redis,
  { folder, previous, snapshotPort }: { folder: string; previous: string; snapshotPort: number | undefined },
  undo = () => {},
): Promise<void> {
  const snapshot = join(folder, "queue.rdb");
  try {
    if (existsSync(snapshot)) await redis.load(snapshot, snapshotPort);
    // The restored runs in flight were in their server's memory and are gone; those in this Redis are not theirs.
    else await redis.command("FLUSHDB");
  } catch (error) {
    undo();
    await redis.load(previous, snapshotPort).catch(() => undefined);
    throw new Problem(
      `Redis did not load the queue (${(error as Error).message}), so everything is as it was before`,
      "use a Redis that is not older than the one of the backup, has disk space and memory for it, and can connect to " +
        "the process that restores",
    );
  }
}
