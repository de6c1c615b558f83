import { Problem } from "../problem.ts";
import type { Counts, HistoryContent } from "./history.ts";

/**
 * Where a program of `runtime/` finds a stack's history: the path of the server's SQLite file, or the folder with the
 * pipes of a psql that is connected to the server's Postgres.
 */
export type Database = string | { psql: string };

/** How a program of `runtime/` reaches a stack's data. */
interface Data {
  database: Database;
  /** URL of the Redis with queue and run state. @default none: both are in the server's memory */
  queueUrl?: string | undefined;
}

/** Standard input of `runtime/snapshot.ts`. */
export interface SnapshotRequest extends Data {
  folder: string;
}

/** Standard output of `runtime/snapshot.ts`. */
export interface Snapshot {
  /** ISO 8601. */
  takenAt: string;
  counts: Counts;
  unfinished: number;
  queue?: { keys: number; redisVersion: string };
  /** How long writes to the queue were blocked, in milliseconds. */
  held: number;
}

/** Standard output of `runtime/snapshot.ts` where the copies do not fit. */
export interface NoRoom {
  /** The folder that is full, as the program sees it. */
  noRoomIn: string;
}

/** Standard input of `runtime/restore.ts`. */
export interface RestoreRequest extends Data {
  /** Contains `history.db` or, from Postgres, `history.sql`; and `queue.rdb` if the queue was kept. */
  folder: string;
  /** Where the replaced data is kept: a folder, or a Postgres schema. */
  previous: string;
  /** Port at which the program serves the queue's snapshot to Redis. @default any free port */
  snapshotPort?: number | undefined;
}

/** Standard input of `runtime/inspect.ts`. */
export interface InspectRequest extends Data {
  /** Ignores runs and events after this time, in milliseconds since 1970. @default now */
  before?: number | undefined;
}

/** Standard output of `runtime/inspect.ts`. */
export interface Inspection extends HistoryContent {
  keys?: number;
}

/** Standard input of `runtime/sweep-now.ts`, which answers with a {@link SweepReport}. */
export interface SweepRequest extends Data {
  /** Days for which ended runs are kept. @default for ever */
  days?: number | undefined;
  /** Record an end for orphaned runs. */
  endOrphaned?: boolean | undefined;
  /** Age in milliseconds from which a run may count as orphaned. @default 60,000 */
  gracePeriod?: number | undefined;
}

/** Content of the file that `runtime/janitor.ts` and `runtime/sweep-job.ts` get as their argument. */
export interface JanitorRequest extends SweepRequest {
  /** Where events are posted, key included: warnings go there as `health/degraded`. @default they are only logged */
  alarmUrl?: string | undefined;
  /** File that gets a {@link LastSweep} after each sweep. @default none */
  reportFile?: string | undefined;
}

/** Outcome of the janitor's last sweep: either its report, or why it failed. */
export interface LastSweep {
  /** When it ended, ISO 8601. */
  at: string;
  report?: SweepReport;
  failed?: string;
}

/** What one sweep found and did. */
export interface SweepReport {
  /** When it ended, ISO 8601. */
  at: string;
  /** Removed rows by table; absent when everything is kept. */
  rows?: Record<string, number>;
  /** Bytes returned to the file system. */
  bytes?: number;
  /** Size of the history in bytes. */
  size: number;
  /** Free bytes on the file system of the history; unknown for Postgres. */
  room?: number;
  /** Unfinished runs that the queue knows. */
  inFlight: number;
  /** Ids of unfinished runs that the queue has lost: they never end. */
  orphaned: string[];
  /** Orphaned runs whose end was recorded. */
  ended: number;
}

/** Content of the file that `runtime/scheduled-backups.ts` gets as its argument. */
export interface BackupSchedule {
  stack: string;
  everySeconds: number;
  keep: number;
  /** @default the platform's folder of the stack's backups */
  folder?: string | undefined;
  /** Where events are posted, key included: a failed backup goes there as `health/degraded`. @default it is only logged */
  alarmUrl?: string | undefined;
}

/** Free bytes below which there is too little room, unless the history, of which a backup makes a copy, is larger. */
const minRoom = 1024 ** 3;

/** Problems that a report shows. */
export function warningsOf({ size, room, orphaned, ended }: SweepReport): Problem[] {
  const gigabytes = (bytes: number) => `${(bytes / 1024 ** 3).toFixed(1)} GB`;
  const warnings: Problem[] = [];
  if (room !== undefined && room < Math.max(size, minRoom)) {
    warnings.push(
      new Problem(
        `only ${gigabytes(room)} free on the disk of the history, which takes ${gigabytes(size)}`,
        "free some disk space, or shorten `retention`",
      ),
    );
  }
  const remaining = orphaned.length - ended;
  if (remaining > 0) {
    warnings.push(
      new Problem(
        `orphaned runs, which never end because the queue has lost them: ${remaining}`,
        "npm run retention -- --end-orphaned, then rerun from the dashboard what you still need",
      ),
    );
  }
  return warnings;
}
