/**
 * Copies a stack's state while it runs: `history.db` or `history.sql`, and `queue.rdb`, both of the same moment.
 *
 * `CLIENT PAUSE WRITE` blocks Redis' writers while the server flushes; then both snapshots begin and Redis resumes. In
 * that fraction of a second new events wait, and no run ends up in one of the two copies only.
 * Standard input: a {@link SnapshotRequest}; standard output: a {@link Snapshot} or {@link NoRoom}.
 */
import { join } from "node:path";
import { History } from "../lib/data/history.ts";
import { readSnapshot } from "../lib/data/rdb.ts";
import { Redis } from "../lib/data/redis.ts";
import type { NoRoom, Snapshot, SnapshotRequest } from "../lib/data/requests.ts";
import { Problem, readStdin, runScript } from "../lib/problem.ts";
import { PostgresHistory } from "./postgres/history.ts";

/** Milliseconds after which Redis resumes on its own, should this program die. */
const maxPauseMs = 6000;
const sqliteFull = 13;

type AnyHistory = History | PostgresHistory;

await runScript(async () => {
  const request = await readStdin<SnapshotRequest>();
  const result = await snapshot(request).catch((error: Error & { code?: string; errcode?: number }): NoRoom => {
    const full = error.code === "ENOSPC" || error.errcode === sqliteFull || /disk is full/.test(error.message);
    if (full) return { noRoomIn: request.folder };
    throw error;
  });
  process.stdout.write(JSON.stringify(result));
});

async function snapshot({ database, queueUrl, folder }: SnapshotRequest): Promise<Snapshot> {
  const history = typeof database === "string" ? new History(database) : await PostgresHistory.at(database.psql);
  try {
    if (!queueUrl) {
      await history.beginSnapshot();
      const takenAt = new Date().toISOString();
      return { takenAt, ...(await history.copyTo(folder)), held: 0 };
    }
    const dump = join(folder, "queue.rdb");
    const { keys, ...moment } = await beginBoth(history, queueUrl, dump);
    const copied = await history.copyTo(folder);
    const queue = await readSnapshot(dump);
    if (queue.keys !== keys) throw new Problem(`the snapshot of Redis has ${queue.keys} keys, not ${keys}`);
    return { ...moment, ...copied, queue };
  } finally {
    history.close();
  }
}

/** Begins both snapshots at one moment, and writes that of Redis to `dump`. */
async function beginBoth(history: AnyHistory, queueUrl: string, dump: string) {
  const redis = await Redis.connect(queueUrl);
  let held = 0;
  try {
    await redis.untilIdle();
    const before = performance.now();
    await redis.command("CLIENT", "PAUSE", maxPauseMs, "WRITE");
    try {
      await history.quiesce();
      await history.beginSnapshot();
      const takenAt = new Date().toISOString();
      const keys = Number(await redis.command("DBSIZE"));
      await redis.snapshot(dump, async () => {
        await redis.command("CLIENT", "UNPAUSE");
        held = Math.round(performance.now() - before);
      });
      return { takenAt, keys, held };
    } finally {
      await redis.command("CLIENT", "UNPAUSE");
    }
  } finally {
    redis.close();
  }
}
