import { statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { unfinishedRuns } from "../../lib/data/history.ts";
import type { SweepReport, SweepRequest } from "../../lib/data/requests.ts";
import { ulidOf } from "../../lib/data/ulid.ts";
import { Problem } from "../../lib/problem.ts";
import { cancelRuns, classifyUnfinished } from "./orphaned.ts";
import { sweepPostgres } from "./postgres.ts";
import { removeBefore } from "./retention.ts";

/**
 * Removes what is older than `days`, and reports on the history.
 *
 * @throws {Problem} when there is no history yet, or no room to write
 */
export async function sweep({ database: path, ...request }: SweepRequest): Promise<SweepReport> {
  if (typeof path !== "string") return await sweepPostgres(path.psql, request);
  const { queueUrl, days, endOrphaned, gracePeriod } = request;
  if (!statSync(path, { throwIfNoEntry: false })) throw new Problem(`there is no history at ${path} yet`);
  const database = new DatabaseSync(path, { timeout: 5000 });
  try {
    // Our commits do not wait for the disk while they hold the lock; what a power cut undoes is removed again.
    database.exec("PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0");
    const unfinished = [...unfinishedRuns(database)].map(ulidOf);
    const { inFlight, orphaned } = await classifyUnfinished(unfinished, queueUrl, gracePeriod);
    const ended = endOrphaned ? cancelRuns(database, orphaned) : 0;
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
    `no room is left in ${dirname(path)}, and SQLite needs some to remove rows; the history is intact`,
    "free some megabytes there; the next sweep continues",
  );
}
