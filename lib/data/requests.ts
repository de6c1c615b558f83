import { Problem } from "../problem.ts";
import type { Counts } from "./history.ts";

/**
 * Where a program of `runtime/` finds a stack's history: the server's SQLite file, or the folder with the pipes of a psql
 * that is connected to its Postgres.
 */
export type Database = string | { psql: string };

/** Pipes in the folder of {@link Database}: psql reads commands from one, and writes answers and errors to the other. */
export const psqlPipes = { input: "psql.in", output: "psql.out" } as const;

/** A stack's data as a program of `runtime/` reaches it. */
interface Data {
  database: Database;
  /** Redis with queue and run state. @default none: both are in the server's memory */
  queueUrl?: string | undefined;
}

/** Standard input of `runtime/snapshot.ts`. */
export interface SnapshotRequest extends Data {
  /** Where the copies go. */
  folder: string;
}

/** Its answer. */
export interface Snapshot {
  /** ISO 8601. */
  takenAt: string;
  counts: Counts;
  /** Runs that have not ended. */
  unfinished: number;
  queue?: { keys: number; redisVersion: string };
  /** How long writes to the queue were paused, in milliseconds. */
  held: number;
}

/** Standard input of `runtime/restore.ts`. */
export interface RestoreRequest extends Data {
  /** Has `history.db` or, for Postgres, `history.sql`; and `queue.rdb` where there is one. */
  folder: string;
  /** Where the data that is replaced is kept: a folder, or a schema of Postgres. */
  previous: string;
  /** Port of this process from which Redis fetches the queue. @default any free one */
  snapshotPort?: number | undefined;
}

/** Standard input of `runtime/inspect.ts`. */
export interface InspectRequest extends Data {
  /** Ignores runs and events after this time, in milliseconds since 1970. @default now */
  before?: number | undefined;
}

/** Its answer. */
export interface Inspection {
  counts: Counts;
  /** When the newest run or event began, in milliseconds since 1970; 0 when there is none. */
  newest: number;
  /** Runs that have not ended. */
  unfinished: number;
  /** Keys in the queue. */
  keys?: number;
}

/** Standard input of `runtime/sweep-now.ts`. */
export interface SweepRequest extends Data {
  /** Days that ended runs are kept. @default for ever */
  days?: number | undefined;
  /** Record an end for orphaned runs. */
  endOrphaned?: boolean | undefined;
  /** Milliseconds after which a run may count as orphaned. @default a minute */
  gracePeriod?: number | undefined;
}

/** The file that the janitor gets as its argument. */
export interface JanitorRequest extends SweepRequest {
  /** Where events are posted, key included: warnings go there as `health/degraded`. @default they are only logged */
  alarmUrl?: string | undefined;
}

/** What one sweep found and did. */
export interface SweepReport {
  /** ISO 8601. */
  at: string;
  /** Rows that were removed, by table; absent where everything is kept. */
  rows?: Record<string, number>;
  /** Bytes given back to the file system. */
  bytes?: number;
  /** Bytes of the history. */
  size: number;
  /** Free bytes where the history is; unknown for Postgres. */
  room?: number;
  /** Runs that the queue has. */
  inFlight: number;
  /** Runs that never end, because the queue has nothing of them. */
  orphaned: string[];
  /** Orphaned runs that were given an end. */
  ended: number;
}

/** Room below this many bytes, or below the size of the history, which a backup needs, is too little. */
const littleRoom = 1024 ** 3;

/** What in a report needs attention. */
export function warningsOf({ size, room, orphaned, ended }: SweepReport): Problem[] {
  const gigabytes = (bytes: number) => `${(bytes / 1024 ** 3).toFixed(1)} GB`;
  const remaining = orphaned.length - ended;
  return [
    ...(room !== undefined && room < Math.max(size, littleRoom)
      ? [
          new Problem(
            `${gigabytes(room)} are free where the history of ${gigabytes(size)} is`,
            "make room, or shorten `retention`",
          ),
        ]
      : []),
    ...(remaining > 0
      ? [
          new Problem(
            `${remaining} runs never end, because the queue has nothing of them`,
            "npm run retention -- --end-orphaned, and rerun from the dashboard what is still wanted",
          ),
        ]
      : []),
  ];
}
