import { existsSync } from "node:fs";
import { join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { Problem } from "../problem.ts";
import { until } from "../wait.ts";
import { endCodes } from "./run-status.ts";
import { timeOf, ulidAt } from "./ulid.ts";

/** Rows by table. */
export type Counts = Record<string, number>;

export interface HistoryContent {
  counts: Counts;
  /** When the newest run or event began, in milliseconds since 1970; 0 when there is none. */
  newest: number;
  /** Runs that have not ended. */
  unfinished: number;
}

/** The server has flushed its pending writes when it has not committed for this many milliseconds. */
const idleMs = 150;
/** Longest wait for that, in seconds. */
const quiesceSeconds = 1.5;

/** The server's SQLite file, open while the server runs. */
export class History {
  readonly #database: DatabaseSync;

  /** @throws {Problem} when the file is not in WAL mode, where a reader would block the server */
  constructor(path: string) {
    this.#database = new DatabaseSync(path, { timeout: 5000 });
    // Checkpoints are left to the server: ours would make a commit slow.
    this.#database.exec("PRAGMA wal_autocheckpoint = 0");
    const { journal_mode: mode } = this.#database.prepare("PRAGMA journal_mode").get() as { journal_mode: string };
    if (mode === "wal") return;
    this.#database.close();
    throw new Problem(
      `the history must use SQLite's journal mode wal, and it uses ${mode}, in which a reader blocks the server`,
      `stop the server, and run sqlite3 main.db "PRAGMA journal_mode=WAL"`,
    );
  }

  /** Waits until the server has flushed its pending writes. */
  async quiesce(): Promise<void> {
    const version = this.#database.prepare("PRAGMA data_version");
    await untilUnchanged(() => JSON.stringify(version.get()));
  }

  /** Begins a read transaction: later reads see the data of this moment, while the server keeps writing. */
  beginSnapshot(): void {
    this.#database.exec("BEGIN");
    this.#database.prepare("SELECT count(*) FROM sqlite_master").get();
  }

  /**
   * Copies the snapshot to `history.db` in `folder` with SQLite's online backup.
   *
   * @throws {Problem} when the copy lacks rows
   */
  async copyTo(folder: string): Promise<{ counts: Counts; unfinished: number }> {
    const copy = join(folder, "history.db");
    await backup(this.#database, copy, { rate: 10_000 });
    const counts = countsOf(this.#database);
    const found = readHistory(copy);
    checkCopy(found.counts, counts);
    return { counts, unfinished: found.unfinished };
  }

  close(): void {
    this.#database.close();
  }
}

/** Waits until `version`, which changes with every write, has been the same for {@link idleMs}, or time is up. */
export async function untilUnchanged(version: () => string | Promise<string>): Promise<void> {
  let last = "";
  let since = Date.now();
  await until({ seconds: quiesceSeconds, every: 10 }, async () => {
    const now = await version();
    if (now !== last) since = Date.now();
    last = now;
    return Date.now() - since >= idleMs;
  });
}

/** @throws {Problem} when a copy has other row counts than its original */
export function checkCopy(found: Counts, counts: Counts): void {
  if (JSON.stringify(found) === JSON.stringify(counts)) return;
  throw new Problem(`the copy of the history has ${JSON.stringify(found)} rows, not ${JSON.stringify(counts)}`);
}

/**
 * Checks a copy of a history and counts its rows.
 *
 * @throws {Problem} when the file is missing, damaged or not a history
 */
export function readHistory(path: string): HistoryContent {
  if (!existsSync(path)) throw new Problem("it is missing");
  const database = new DatabaseSync(path, { timeout: 5000 });
  try {
    const [first] = database.prepare("PRAGMA integrity_check(1)").all() as { integrity_check: string }[];
    if (first?.integrity_check !== "ok") throw new Problem(`SQLite reports damage: ${first?.integrity_check}`);
    return contentOf(database);
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(`SQLite cannot read it: ${(error as Error).message}`);
  } finally {
    database.close();
  }
}

/** Inspects a history that the server may have open. All is 0 when there is none yet. */
export function inspectHistory(path: string, before = Date.now()): HistoryContent {
  if (!existsSync(path)) return { counts: {}, newest: 0, unfinished: 0 };
  const database = new DatabaseSync(path, { timeout: 5000 });
  try {
    return contentOf(database, before);
  } finally {
    database.close();
  }
}

function countsOf(database: DatabaseSync): Counts {
  const tables = database
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
    .all() as { name: string }[];
  const count = (name: string) =>
    database.prepare(`SELECT count(*) AS count FROM "${name}"`).get() as { count: number };
  return Object.fromEntries(tables.map(({ name }) => [name, count(name).count]));
}

/** Runs and events after `before` do not count as the newest. */
function contentOf(database: DatabaseSync, before = Date.now()): HistoryContent {
  const counts = countsOf(database);
  if (counts.function_runs === undefined || counts.events === undefined) return { counts, newest: 0, unfinished: 0 };
  const { newest } = database
    .prepare(
      `SELECT max(id) AS newest FROM (SELECT max(run_id) AS id FROM function_runs WHERE run_id < $before
       UNION ALL SELECT max(internal_id) FROM events WHERE internal_id < $before)`,
    )
    .get({ $before: ulidAt(before) }) as { newest: Uint8Array | null };
  return { counts, newest: newest ? timeOf(newest) : 0, unfinished: unfinishedRuns(database).size };
}

/** Hex ids of runs whose end is in neither table: the server writes both, and may lose a row of either. */
export function unfinishedRuns(database: DatabaseSync): Set<string> {
  const rows = database
    .prepare(
      `SELECT hex(run_id) AS id FROM (SELECT run_id FROM function_runs UNION SELECT run_id FROM trace_runs)
       WHERE run_id NOT IN (SELECT run_id FROM function_finishes WHERE run_id IS NOT NULL)
         AND run_id NOT IN (SELECT run_id FROM trace_runs WHERE status IN (${endCodes}))`,
    )
    .all() as { id: string }[];
  return new Set(rows.map(({ id }) => id));
}
