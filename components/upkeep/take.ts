/**
 * Takes a stack's state while it runs: `history.db` and `queue.rdb` in a folder, both of the same moment.
 *
 * Redis holds its writers while the server writes down what it still had to, then both are pinned and Redis goes on: a
 * pause of a fraction of a second, in which events are accepted and wait. So no run is in one of them and not in the
 * other. Standard input: a {@link TakeOrder}; standard output: a {@link Taken}.
 */
import { join } from "node:path";
import { Problem, readStdin, runScript } from "../host/problem.ts";
import { type Counts, History, readHistory } from "./history.ts";
import { readSnapshot } from "./rdb.ts";
import { Redis } from "./redis.ts";

export interface TakeOrder {
  /** The server's SQLite file. */
  database: string;
  /** Redis, where queue and run state are in one. */
  queueUrl?: string | undefined;
  /** Where the copies go. */
  folder: string;
}

export interface Taken {
  takenAt: string;
  counts: Counts;
  /** Runs without an end. */
  unfinished: number;
  queue?: { keys: number; redisVersion: string };
  /** Milliseconds that the queue was held. */
  held: number;
}

await runScript(async () => {
  const order = await readStdin<TakeOrder>();
  const taken = await take(order).catch((error: Error & { code?: string; errcode?: number }) => {
    // 13 is SQLITE_FULL.
    const full = error.code === "ENOSPC" || error.errcode === 13 || /disk is full/.test(error.message);
    throw full ? new Problem(`no room is left where the copy is made (${order.folder})`) : error;
  });
  process.stdout.write(JSON.stringify(taken));
});

async function take({ database, queueUrl, folder }: TakeOrder): Promise<Taken> {
  const history = new History(database);
  const copy = join(folder, "history.db");
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
          history.pin();
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
      history.pin();
    }
    await history.copyTo(copy);
    const counts = history.counts();
    const found = readHistory(copy);
    if (JSON.stringify(found.counts) !== JSON.stringify(counts)) {
      throw new Problem(
        `the copy of the history has ${JSON.stringify(found.counts)} rows, not ${JSON.stringify(counts)}`,
      );
    }
    const queue = queueUrl ? await readSnapshot(dump) : undefined;
    if (queue && queue.keys !== keys) {
      throw new Problem(`the snapshot of Redis has ${queue.keys} keys, not ${keys}`);
    }
    return { takenAt: takenAt.toISOString(), counts, unfinished: found.unfinished, ...(queue && { queue }), held };
  } finally {
    history.close();
  }
}
