import { statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { unfinishedRuns } from "../../lib/data/history.ts";
import type { SweepReport, SweepRequest } from "../../lib/data/requests.ts";
import { ulidOf } from "../../lib/data/ulid.ts";
import { Problem } from "../../lib/problem.ts";
import { endRuns, flightOf } from "./orphaned.ts";
import { sweepPostgres } from "./postgres.ts";
import { removeBefore } from "./retention.ts";

/** One round of the janitor. Throws {@link Problem} where there is no history yet. */
export async function sweep({ database: path, ...order }: SweepRequest): Promise<SweepReport> {
  if (typeof path !== "string") return await sweepPostgres(path.psql, order);
  const { queueUrl, days, endOrphaned, gracePeriod } = order;
  if (!statSync(path, { throwIfNoEntry: false })) throw new Problem(`there is no history at ${path} yet`);
  const database = new DatabaseSync(path, { timeout: 5000 });
  try {
    // No commit of ours waits for the disk with the lock in its hand; what a power cut takes back is removed again.
    database.exec("PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0");
    const { inFlight, orphaned } = await flightOf([...unfinishedRuns(database)].map(ulidOf), queueUrl, gracePeriod);
    const ended = endOrphaned ? endRuns(database, orphaned) : 0;
    const removed = days === undefined ? {} : await removeBefore(database, Date.now() - days * 86_400_000, inFlight);
    const { bavail, bsize } = statfsSync(path);
    const size = statSync(path).size + (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0);
    return {
      at: new Date().toISOString(),
      ...removed,
      size,
      room: bavail * bsize,
      inFlight: inFlight.size,
      orphaned,
      ended,
    };
  } catch (error) {
    throw (error as { errcode?: number }).errcode === sqliteFull ? noRoom(path) : error;
  } finally {
    database.close();
  }
}

const sqliteFull = 13;

function noRoom(path: string): Problem {
  return new Problem(
    `no room is left in ${dirname(path)}, and SQLite needs some even to remove rows; the history is unharmed`,
    "make some megabytes of room there, and the next round goes on",
  );
}
