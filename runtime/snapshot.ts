/**
 * Takes a stack's state while it runs: `history.db` or `history.sql`, and `queue.rdb`, in a folder, both of the same moment.
 *
 * Redis holds its writers while the server writes down what it still had to, then both are pinned and Redis goes on: a
 * pause of a fraction of a second, in which events are accepted and wait. So no run is in one of them and not in the
 * other. Standard input: a {@link SnapshotRequest}; standard output: a {@link Snapshot}.
 */
import { join } from "node:path";
import { History } from "../lib/data/history.ts";
import { readSnapshot } from "../lib/data/rdb.ts";
import type { Snapshot, SnapshotRequest } from "../lib/data/requests.ts";
import { Problem, readStdin, runScript } from "../lib/problem.ts";
import { PostgresHistory } from "./postgres/history.ts";
import { Redis } from "./redis/redis.ts";

await runScript(async () => {
  const order = await readStdin<SnapshotRequest>();
  const taken = await take(order).catch((error: Error & { code?: string; errcode?: number }) => {
    // 13 is SQLITE_FULL.
    const full = error.code === "ENOSPC" || error.errcode === 13 || /disk is full/.test(error.message);
    throw full ? new Problem(`no room is left where the copy is made (${order.folder})`) : error;
  });
  process.stdout.write(JSON.stringify(taken));
});

async function take({ database, queueUrl, folder }: SnapshotRequest): Promise<Snapshot> {
  const history = typeof database === "string" ? new History(database) : await PostgresHistory.at(database.psql);
  const dump = join(folder, "queue.rdb");
  let takenAt = new Date();
  let held = 0;
  let keys: number | undefined;
  try {
    if (queueUrl) {
      const redis = await Redis.connect(queueUrl);
      try {
        await redis.untilIdle();
        const before = performance.now();
        await redis.command("CLIENT", "PAUSE", 6000, "WRITE");
        try {
          await history.drained();
          await history.pin();
          takenAt = new Date();
          keys = Number(await redis.command("DBSIZE"));
          await redis.snapshot(dump, async () => {
            await redis.command("CLIENT", "UNPAUSE");
            held = Math.round(performance.now() - before);
          });
        } finally {
          await redis.command("CLIENT", "UNPAUSE");
        }
      } finally {
        redis.close();
      }
    } else {
      await history.pin();
    }
    const { counts, unfinished } = await history.copyTo(folder);
    const queue = queueUrl ? await readSnapshot(dump) : undefined;
    if (queue && queue.keys !== keys) {
      throw new Problem(`the snapshot of Redis has ${queue.keys} keys, not ${keys}`);
    }
    return { takenAt: takenAt.toISOString(), counts, unfinished, ...(queue && { queue }), held };
  } finally {
    history.close();
  }
}
