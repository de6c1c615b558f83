import type { DatabaseSync, StatementSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { unfinishedRuns } from "../../lib/data/history.ts";
import { endCodes } from "../../lib/data/run-status.ts";
import { hexOf, timeOf } from "../../lib/data/ulid.ts";
import { until } from "../../lib/wait.ts";

/**
 * Longest delete transaction in milliseconds, and how many times as long we pause after it. The server does not wait for
 * locks: while we write it retries events but drops trace rows. So our transactions are short and rare, and begin while
 * the server is idle. Figures: docs/measurements.md#a-sweep-next-to-a-busy-server.
 */
const maxTransactionMs = 2;
const pauseFactor = 9;
/** How long the server must have been idle before we write, in milliseconds, and the longest wait for that, in seconds. */
const idleMs = 50;
const maxWaitSeconds = 30;

/**
 * Milliseconds of idleness after which we checkpoint, and between two checkpoints. The server checkpoints only while it
 * writes; next to an idle server the WAL would keep growing: docs/measurements.md#checkpoints-next-to-an-idle-server.
 */
const checkpointMs = 1000;

/** Free pages that stay in the file for new rows. */
const sparePages = 256;
/**
 * Free pages from which they are returned before more is removed. SQLite searches its list of free pages for each page
 * that it returns, so a long list is slow: docs/measurements.md#returning-free-pages.
 */
const maxFreePages = 20_000;

export interface Removed {
  rows: Record<string, number>;
  /** Bytes returned to the file system. */
  bytes: number;
}

type Row = {
  rowid: number;
  run: Uint8Array | string | null;
  /** In milliseconds since 1970, for tables whose rows have a time of their own. */
  at?: number | null;
};

/** Tables with rows of runs. The two that know a run's end come last, so that an interrupted sweep can be continued. */
const tables = ["spans", "traces", "history", "event_batches", "function_runs", "function_finishes", "trace_runs"];

/**
 * Removes the rows of runs that ended before `cutoff` (milliseconds since 1970), and older events without a run, in
 * transactions so small that the server keeps running. Runs without an end stay with all their rows, whatever their age,
 * and so do those of `inFlight`: ids as text of the runs that the queue knows.
 */
export async function removeBefore(
  database: DatabaseSync,
  cutoff: number,
  inFlight: ReadonlySet<string>,
): Promise<Removed> {
  const kept = keptRuns(database, cutoff, inFlight);
  const keptEvents = eventsOf(database, kept);
  const rows: Record<string, number> = {};
  const remove = async (table: string, column: string, at: string, expired: (row: Row) => boolean) => {
    rows[table] = await removeExpired(database, { table, column, at }, cutoff, expired);
  };
  const bytes = bytesOf(database);
  for (const table of tables) {
    // An event's own span belongs to no run: its run id is all zeros, and the row has a time of its own.
    const at = table === "traces" ? "timestamp_unix_ms" : "NULL";
    await remove(table, "run_id", at, ({ run, at: time }) => {
      const id = hexOf(run);
      return /^0*$/.test(id) ? Number(time ?? cutoff) < cutoff : timeIn(id) < cutoff && !kept.has(id);
    });
  }
  await remove("events", "internal_id", "NULL", ({ run }) => {
    const id = hexOf(run);
    return timeIn(id) < cutoff && !keptEvents.has(id);
  });
  await remove("worker_connections", "id", "disconnected_at", ({ at }) => at !== null && Number(at) < cutoff);
  await returnFreePages(database);
  checkpoint(database);
  return { rows, bytes: bytes - bytesOf(database) };
}

/** Hex ids of the runs that stay: those in flight, without an end, or with an end since `cutoff`. */
function keptRuns(database: DatabaseSync, cutoff: number, inFlight: ReadonlySet<string>): Set<string> {
  const kept = unfinishedRuns(database);
  for (const id of inFlight) kept.add(hexOf(id));
  const traced = database
    .prepare(`SELECT hex(run_id) AS id FROM trace_runs WHERE status IN (${endCodes}) AND ended_at >= ?`)
    .all(cutoff) as { id: string }[];
  for (const { id } of traced) kept.add(id);
  const finishes = database.prepare("SELECT hex(run_id) AS id, created_at AS at FROM function_finishes");
  for (const { id, at } of finishes.iterate() as Iterable<{ id: string; at: string }>) {
    if (timeIn(id) < cutoff && parseGoTime(at) >= cutoff) kept.add(id);
  }
  return kept;
}

/** Hex ids of the events that started `runs`. */
function eventsOf(database: DatabaseSync, runs: ReadonlySet<string>): Set<string> {
  const events = new Set<string>();
  const direct = database.prepare("SELECT hex(event_id) AS id FROM function_runs WHERE run_id = ?");
  const triggers = database.prepare("SELECT CAST(trigger_ids AS TEXT) AS ids FROM trace_runs WHERE run_id = ?");
  for (const run of runs) {
    const id = Buffer.from(run, "hex");
    for (const { id: event } of direct.all(id) as { id: string }[]) events.add(event);
    for (const { ids } of triggers.all(id) as { ids: string }[]) {
      for (const [text] of ids.matchAll(/[0-9A-HJKMNP-TV-Z]{26}/g)) events.add(hexOf(text));
    }
  }
  return events;
}

/** Removes expired rows of a table in the order in which they were written, and resolves to their number. */
async function removeExpired(
  database: DatabaseSync,
  { table, column, at }: { table: string; column: string; at: string },
  cutoff: number,
  expired: (row: Row) => boolean,
): Promise<number> {
  const page = database.prepare(
    `SELECT rowid, ${column} AS run, ${at} AS at FROM ${table} WHERE rowid > ? ORDER BY rowid LIMIT 1000`,
  );
  const remove = database.prepare(`DELETE FROM ${table} WHERE rowid IN (SELECT value FROM json_each(?))`);
  const pace = new Pace(database);
  let removed = 0;
  let last = -1;
  for (;;) {
    const rows = page.all(last) as Row[];
    if (rows.length === 0) return removed;
    last = (rows.at(-1) as Row).rowid;
    const old = rows.filter(expired).map(({ rowid }) => rowid);
    while (old.length > 0) {
      await pace.run((batch) => {
        removed += Number(remove.run(JSON.stringify(old.splice(0, batch))).changes);
      });
      if (freePages(database) > maxFreePages) await returnFreePages(database);
    }
    // Rows are in order of time, except those of long runs: these are removed once all rows around them are old.
    if (rows.every(({ run, at: time }) => Math.max(timeIn(hexOf(run)), Number(time ?? 0)) >= cutoff)) return removed;
    await sleep(0);
  }
}

/** Runs small transactions while the server is idle. */
class Pace {
  readonly #database: DatabaseSync;
  readonly #version: StatementSync;
  #batch = 20;
  /** Version after the server's last known commit, and when we saw it. */
  #lastVersion: unknown;
  #idleSince = 0;
  #checkpointAt = Date.now();

  constructor(database: DatabaseSync) {
    this.#database = database;
    // Changes with every commit of another connection.
    this.#version = database.prepare("PRAGMA data_version");
  }

  /** Runs a transaction of `batch` rows or pages while the server is idle, and pauses. */
  async run(action: (batch: number) => void): Promise<void> {
    await this.#untilServerIdle();
    // Waiting for the server's lock does not count as our transaction.
    this.#database.exec("BEGIN IMMEDIATE");
    const before = performance.now();
    try {
      action(this.#batch);
      this.#database.exec("COMMIT");
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
    const took = performance.now() - before;
    this.#batch = took > maxTransactionMs ? Math.max(5, this.#batch >> 1) : Math.min(500, this.#batch + 20);
    if (Date.now() - Math.max(this.#idleSince, this.#checkpointAt) >= checkpointMs) {
      checkpoint(this.#database);
      this.#checkpointAt = Date.now();
    }
    await sleep(took * pauseFactor);
  }

  async #untilServerIdle(): Promise<void> {
    await until({ seconds: maxWaitSeconds, every: 5 }, () => {
      const now = Date.now();
      const [version] = Object.values(this.#version.get() as object);
      if (version !== this.#lastVersion) this.#idleSince = now;
      this.#lastVersion = version;
      return now - this.#idleSince >= idleMs;
    });
  }
}

/** Moves into the file what no reader needs in the WAL, without a lock that the server could run into. */
function checkpoint(database: DatabaseSync): void {
  database.exec("PRAGMA wal_checkpoint(PASSIVE)");
}

/** Returns free pages to the file system, if the file was created with incremental vacuum. */
async function returnFreePages(database: DatabaseSync): Promise<void> {
  if (numberOf(database, "auto_vacuum") !== 2) return;
  const pace = new Pace(database);
  let free = freePages(database);
  while (free > sparePages) {
    await pace.run((pages) => database.exec(`PRAGMA incremental_vacuum(${Math.min(pages, free - sparePages)})`));
    const now = freePages(database);
    if (now >= free) return;
    free = now;
  }
}

function freePages(database: DatabaseSync): number {
  return numberOf(database, "freelist_count");
}

function numberOf(database: DatabaseSync, pragma: string): number {
  return Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() as object)[0]);
}

function bytesOf(database: DatabaseSync): number {
  return numberOf(database, "page_count") * numberOf(database, "page_size");
}

function timeIn(hex: string): number {
  return hex === "" ? 0 : timeOf(Buffer.from(hex, "hex"));
}

/** Parses a time as Go prints it, such as `2026-01-31 12:00:00.123456789 +0100 CET m=+1.5`, to milliseconds since 1970. */
export function parseGoTime(text: string): number {
  const [, day, time, zone = "+0000"] = /^(\S+) ([\d:]+(?:\.\d{1,3})?)\d* ?([+-]\d{4})?/.exec(text) ?? [];
  // A row with an unreadable time counts as new and stays.
  const parsed = Date.parse(`${day}T${time}${zone.slice(0, 3)}:${zone.slice(3)}`);
  return Number.isNaN(parsed) ? Number.POSITIVE_INFINITY : parsed;
}
