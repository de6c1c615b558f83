import type { DatabaseSync, StatementSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { unfinishedRuns } from "../../lib/data/history.ts";
import { endCodes } from "../../lib/data/run-status.ts";
import { hexOf, timeOf } from "../../lib/data/ulid.ts";

/**
 * Milliseconds that one deleting transaction takes at most, and how much longer than it the pause after it is. The
 * server waits for no lock (1.43.0 sets no busy timeout): what it writes while a transaction of ours is open is tried
 * again where it is an event, and dropped where it is a line of a trace. So ours are short, rare, and begin when the
 * server is not writing.
 */
const longest = 2;
const pauseFactor = 9;
/**
 * Milliseconds without a commit of the server's that are waited for, and how long at most. When 300 runs woke within 25 s,
 * three lost the row of their end beside a round that waited for 5 s, and none beside this one (1.43.0).
 */
const quiet = 50;
const quietAtMost = 30_000;

/**
 * Milliseconds without a commit of the server's after which SQLite's log is moved into the file, and between two times
 * that it is. The server does so itself when it writes, and not else: beside one at rest the log of 100,000 runs grew to
 * three times their history (measured).
 */
const atRest = 1000;

/** Pages that stay free for what comes next. */
const sparePages = 256;
/**
 * Free pages from which on they are given back although more is to be removed. For each page SQLite looks through its list
 * of free ones: 6 µs with 75,000 of them, 400 µs with 500,000, of which a history of 3 GB took hours (measured).
 */
const manyFree = 20_000;

export interface Removed {
  rows: Record<string, number>;
  /** Bytes given back to the file system. */
  bytes: number;
}

interface Row {
  rowid: number;
  run: Uint8Array | string | null;
  /** Where it has a time beside its run's. */
  at?: number | null;
}

/** Tables of rows that belong to a run, the two that know its end last: an end in the middle is gone on with. */
const tables = ["spans", "traces", "history", "event_batches", "function_runs", "function_finishes", "trace_runs"];

/**
 * Removes what belongs to runs that ended before `cutoff`, and events before it of which no run is left, in
 * transactions so small that the server goes on. A run without an end, and one of `inFlight` (the queue's own word,
 * ids as text), is left alone with all it has, whatever its age.
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
    rows[table] = await walk(database, { table, column, at }, cutoff, expired);
  };
  const bytes = bytesOf(database);
  for (const table of tables) {
    // An event's own span belongs to no run; its id is all zeros, and it has a time of its own.
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
  await giveBack(database);
  moveLog(database);
  return { rows, bytes: bytes - bytesOf(database) };
}

/** Hex ids of runs begun before `cutoff` that have no end, or one after it. */
function keptRuns(database: DatabaseSync, cutoff: number, inFlight: ReadonlySet<string>): Set<string> {
  const kept = unfinishedRuns(database);
  for (const id of inFlight) kept.add(hexOf(id));
  const traced = database
    .prepare(`SELECT hex(run_id) AS id FROM trace_runs WHERE status IN (${endCodes}) AND ended_at >= ?`)
    .all(cutoff) as { id: string }[];
  for (const { id } of traced) kept.add(id);
  const finishes = database.prepare("SELECT hex(run_id) AS id, created_at AS at FROM function_finishes");
  for (const { id, at } of finishes.iterate() as Iterable<{ id: string; at: string }>) {
    if (timeIn(id) < cutoff && writtenTime(at) >= cutoff) kept.add(id);
  }
  return kept;
}

/** Hex ids of the events that runs have been started by. */
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

/** Goes through a table in the order in which it was written, until nothing is old any more. Returns the rows removed. */
async function walk(
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
    const rows = page.all(last) as unknown as Row[];
    if (rows.length === 0) return removed;
    last = (rows.at(-1) as Row).rowid;
    const old = rows.filter(expired).map(({ rowid }) => rowid);
    while (old.length > 0) {
      removed += await pace.write(old, remove);
      if (freePages(database) > manyFree) await giveBack(database);
    }
    // Rows are written in the order of time, apart from those of runs that take long: their turn comes when all around
    // them is old.
    if (rows.every(({ run, at: time }) => Math.max(timeIn(hexOf(run)), Number(time ?? 0)) >= cutoff)) return removed;
    await sleep(0);
  }
}

/** Writes little, and when the server does not. */
class Pace {
  readonly #database: DatabaseSync;
  readonly #version: StatementSync;
  #batch = 20;
  /** What was seen of the server's last commit, and when. */
  #lastSeen: unknown;
  #since = 0;
  #movedAt = Date.now();

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#version = database.prepare("PRAGMA data_version");
  }

  /** Removes the first of `rowids` and takes them off the list. */
  async write(rowids: number[], remove: StatementSync): Promise<number> {
    let changes = 0;
    await this.run((batch) => {
      changes = Number(remove.run(JSON.stringify(rowids.splice(0, batch))).changes);
    });
    return changes;
  }

  /** Runs a transaction of `batch` rows or pages in a gap of the server's, and pauses. */
  async run(action: (batch: number) => void): Promise<void> {
    await this.#gap();
    // What is waited for the server's own lock is not counted.
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
    this.#batch = took > longest ? Math.max(5, this.#batch >> 1) : Math.min(500, this.#batch + 20);
    if (Date.now() - Math.max(this.#since, this.#movedAt) >= atRest) {
      moveLog(this.#database);
      this.#movedAt = Date.now();
    }
    await sleep(took * pauseFactor);
  }

  async #gap(): Promise<void> {
    const deadline = Date.now() + quietAtMost;
    for (;;) {
      const now = Date.now();
      const seen = this.#seen();
      if (seen !== this.#lastSeen) this.#since = now;
      this.#lastSeen = seen;
      if (now - this.#since >= quiet || now >= deadline) return;
      await sleep(5);
    }
  }

  /** Changes with every commit of another connection. */
  #seen(): unknown {
    return Object.values(this.#version.get() as object)[0];
  }
}

/** As much as nobody still reads, without a lock that the server could meet. */
function moveLog(database: DatabaseSync): void {
  database.exec("PRAGMA wal_checkpoint(PASSIVE)");
}

/** Gives free pages back to the file system, where the file was made for that. */
async function giveBack(database: DatabaseSync): Promise<void> {
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
  const { bytes } = database
    .prepare("SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()")
    .get() as { bytes: number };
  return bytes;
}

function timeIn(hex: string): number {
  return hex === "" ? 0 : timeOf(Buffer.from(hex, "hex"));
}

/** The time as Go prints it: `2026-01-31 12:00:00.123456789 +0100 CET m=+1.5`. */
export function writtenTime(text: string): number {
  const [, day, time, zone = "+0000"] = /^(\S+) ([\d:]+(?:\.\d{1,3})?)\d* ?([+-]\d{4})?/.exec(text) ?? [];
  // What cannot be read is taken for new: it stays.
  const parsed = Date.parse(`${day}T${time}${zone.slice(0, 3)}:${zone.slice(3)}`);
  return Number.isNaN(parsed) ? Number.POSITIVE_INFINITY : parsed;
}
