import { statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Problem } from "../host/problem.ts";
import type { Database } from "./database.ts";
import { unfinishedRuns } from "./history.ts";
import { sweepPostgres } from "./postgres-sweep.ts";
import { type Removed, removeBefore } from "./retention.ts";
import { endRuns, flightOf } from "./stranded.ts";
import { ulidOf } from "./ulid.ts";

export interface SweepOrder {
  database: Database;
  queueUrl?: string | undefined;
  /** Days that what has ended is kept. @default for ever */
  days?: number | undefined;
  /** Write the end of runs that are stranded. */
  endStranded?: boolean | undefined;
  /** Milliseconds that a run must be old to be called stranded. @default a minute */
  grace?: number | undefined;
}

/** What one round has found and done. */
export interface Swept extends Partial<Removed> {
  at: string;
  /** Bytes of the history. */
  size: number;
  /** Bytes that are free where it is; none where Postgres alone knows. */
  room?: number;
  /** Runs that the queue has. */
  inFlight: number;
  /** Runs that never end, because the queue has nothing of them. */
  stranded: string[];
  ended: number;
}

/** What of it {@link warnings} looks at; of those that are stranded their number will do. */
type Judged = Pick<Swept, "size" | "room" | "ended"> & { stranded: { length: number } };

/** Room that is little: the size of the history, which a backup needs, or this many bytes. */
const littleRoom = 1024 ** 3;

/** One round of the janitor. Throws {@link Problem} where there is no history yet. */
export async function sweep({ database: path, ...order }: SweepOrder): Promise<Swept> {
  if (typeof path !== "string") return await sweepPostgres(path.psql, order);
  const { queueUrl, days, endStranded, grace } = order;
  if (!statSync(path, { throwIfNoEntry: false })) throw new Problem(`there is no history at ${path} yet`);
  const database = new DatabaseSync(path, { timeout: 5000 });
  try {
    // No commit of ours waits for the disk with the lock in its hand; what a power cut takes back is removed again.
    database.exec("PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0");
    const { inFlight, stranded } = await flightOf([...unfinishedRuns(database)].map(ulidOf), queueUrl, grace);
    const ended = endStranded ? endRuns(database, stranded) : 0;
    const removed = days === undefined ? {} : await removeBefore(database, Date.now() - days * 86_400_000, inFlight);
    const { bavail, bsize } = statfsSync(path);
    const size = statSync(path).size + (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0);
    return {
      at: new Date().toISOString(),
      ...removed,
      size,
      room: bavail * bsize,
      inFlight: inFlight.size,
      stranded,
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
    `no room is left in ${dirname(path)}, and SQLite needs some even to remove rows; the history is unharmed. ` +
      "Remedy: make some megabytes of room there, and the next round goes on",
  );
}

/** What somebody should know of it, if anything. */
export function warnings({ size, room, stranded, ended }: Judged): string[] {
  const gigabytes = (bytes: number) => `${(bytes / 1024 ** 3).toFixed(1)} GB`;
  return [
    ...(room !== undefined && room < Math.max(size, littleRoom)
      ? [
          `${gigabytes(room)} are free where the history of ${gigabytes(size)} is. Remedy: make room, or shorten \`retention\``,
        ]
      : []),
    ...(stranded.length > ended
      ? [
          `${stranded.length - ended} runs never end, because the queue has nothing of them. ` +
            "Remedy: npm run retention -- --end-stranded, and rerun from the dashboard what is still wanted",
        ]
      : []),
  ];
}
