/**
 * Replaces a stack's state with the one in a folder, while the server is stopped. The previous state is kept elsewhere,
 * and comes back when the new one cannot be loaded.
 * Standard input: a {@link RestoreRequest}.
 */
import { chownSync, copyFileSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { Redis, replaceQueue } from "../lib/data/redis.ts";
import type { RestoreRequest } from "../lib/data/requests.ts";
import { Problem, readStdin, runScript } from "../lib/problem.ts";
import { restorePostgres } from "./postgres/restore.ts";

/** Of a SQLite file, and of what belongs to it while it is open. */
const suffixes = ["", "-wal", "-shm"];

await runScript(async () => {
  const { database, ...request } = await readStdin<RestoreRequest>();
  if (typeof database === "string") await restoreFile(database, request);
  else await restorePostgres(database.psql, request);
});

async function restoreFile(
  database: string,
  { queueUrl, folder, previous, snapshotPort }: Omit<RestoreRequest, "database">,
): Promise<void> {
  mkdirSync(previous, { recursive: true, mode: 0o700 });
  sameOwner(previous, dirname(database));
  const draft = `${database}.restored`;
  const redis = queueUrl ? await Redis.connect(queueUrl) : undefined;
  try {
    // Whatever needs disk space comes first, while nothing has been replaced.
    copyFileSync(join(folder, "history.db"), draft);
    sameOwner(draft, dirname(database));
    const previousQueue = join(previous, "queue.rdb");
    if (redis) {
      await redis.untilIdle();
      await redis.snapshot(previousQueue);
      sameOwner(previousQueue, dirname(database));
    }
    for (const suffix of suffixes) move(database + suffix, join(previous, `main.db${suffix}`));
    renameSync(draft, database);
    if (!redis) return;
    await replaceQueue(redis, { folder, previous: previousQueue, snapshotPort }, () => {
      for (const suffix of suffixes) move(join(previous, `main.db${suffix}`), database + suffix);
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === "ENOSPC" ? new Problem(`no room is left in ${dirname(database)}, so nothing was replaced`) : error;
  } finally {
    rmSync(draft, { force: true });
    redis?.close();
  }
}

function move(from: string, to: string): void {
  if (existsSync(from)) renameSync(from, to);
}

/** As root, gives a file to the owner of the folder, who may be the account that the server runs as. */
function sameOwner(path: string, folder: string): void {
  const { uid, gid } = statSync(folder);
  if (process.getuid?.() === 0) chownSync(path, uid, gid);
}
