/**
 * Replaces a stack's state by the one in a folder, while its server is stopped. What was there is kept in another
 * folder beside it, and put back by itself when the new one cannot be taken in.
 * Standard input: a {@link RestoreRequest}.
 */
import { chownSync, copyFileSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { RestoreRequest } from "../lib/data/requests.ts";
import { Problem, readStdin, runScript } from "../lib/problem.ts";
import { putIntoPostgres } from "./postgres/restore.ts";
import { notTaken, Redis } from "./redis/redis.ts";

/** A SQLite file and what belongs to it while it is open. */
const suffixes = ["", "-wal", "-shm"];

await runScript(async () => {
  const { database, ...order } = await readStdin<RestoreRequest>();
  if (typeof database === "string") await putFileBack(database, order);
  else await putIntoPostgres(database.psql, order);
});

async function putFileBack(
  database: string,
  { queueUrl, folder, previous, snapshotPort }: Omit<RestoreRequest, "database">,
): Promise<void> {
  mkdirSync(previous, { recursive: true, mode: 0o700 });
  sameOwner(previous, dirname(database));
  const draft = `${database}.restored`;
  const redis = queueUrl ? await Redis.connect(queueUrl) : undefined;
  try {
    // All that needs room comes first.
    copyFileSync(join(folder, "history.db"), draft);
    sameOwner(draft, dirname(database));
    const replaced = join(previous, "queue.rdb");
    if (redis) {
      await redis.untilIdle();
      await redis.snapshot(replaced, async () => undefined);
      sameOwner(replaced, dirname(database));
    }
    for (const suffix of suffixes) move(database + suffix, join(previous, `main.db${suffix}`));
    renameSync(draft, database);
    if (!redis) return;
    try {
      const snapshot = join(folder, "queue.rdb");
      if (existsSync(snapshot)) await redis.load(snapshot, snapshotPort);
      // The runs in flight of that history were in its server's memory and are gone; those of another are none of it.
      else await redis.command("FLUSHDB");
    } catch (error) {
      for (const suffix of suffixes) move(join(previous, `main.db${suffix}`), database + suffix);
      await redis.load(replaced, snapshotPort).catch(() => undefined);
      throw notTaken(error as Error);
    }
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

/** Root's files go to whoever owns the folder, who may be the account that the server runs as. */
function sameOwner(path: string, folder: string): void {
  const { uid, gid } = statSync(folder);
  if (process.getuid?.() === 0) chownSync(path, uid, gid);
}
