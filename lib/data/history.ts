import { existsSync } from "node:fs";
import { join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { Problem } from "../problem.ts";
import { endCodes } from "./run-status.ts";
import { timeOf, ulidAt } from "./ulid.ts";

/** Rows by table. */
export type Counts = Record<string, number>;

/** Milliseconds without a commit after which what the server had to write is taken for written, and the longest wait. */
const quiet = 150;
const drainAtMost = 1500;

/** The server's SQLite file, opened beside the running server. */
export class History {
  readonly #database: DatabaseSync;

  /** Throws {@link Problem} for a file that a reader would lock the server out of. */
  constructor(path: string) {
    this.#database = new DatabaseSync(path, { timeout: 5000 });
    // The server itself decides when to move the log into the file: a commit of ours shall not take that long.
    this.#database.exec("PRAGMA wal_autocheckpoint = 0");
    const { journal_mode: mode } = this.#database.prepare("PRAGMA journal_mode").get() as { journal_mode: string };
    if (mode === "wal") return;
    this.#database.close();
    throw new Problem(
      `the history must be in SQLite's mode wal, and it is in ${mode}, where a reader keeps the server from writing`,
      `stop the server, and run sqlite3 main.db "PRAGMA journal_mode=WAL"`,
    );
  }

  /** Waits until the server has written what it still had to. */
  async drained(): Promise<void> {
    const version = this.#database.prepare("PRAGMA data_version");
    await untilQuiet(() => JSON.stringify(version.get()));
  }

  /** From here on everything is read as it is now, while the server goes on writing. */
  pin(): void {
    this.#database.exec("BEGIN");
    this.#database.prepare("SELECT count(*) FROM sqlite_master").get();
  }

  /** Copies the file, as it was when it was pinned, by SQLite's online backup, and checks that the copy has every row. */
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

/** Waits until what `look` sees, which changes with every write, stays as it is, or it has waited long enough. */
export async function untilQuiet(look: () => string | Promise<string>): Promise<void> {
  const deadline = Date.now() + drainAtMost;
  let seen = "";
  for (let since = Date.now(); Date.now() - since < quiet && Date.now() < deadline; await sleep(10)) {
    const now = await look();
    if (now !== seen) since = Date.now();
    seen = now;
  }
}

/** Throws {@link Problem} where a copy has other rows than what it was made of. */
export function checkCopy(found: Counts, counts: Counts): void {
  if (JSON.stringify(found) === JSON.stringify(counts)) return;
  throw new Problem(`the copy of the history has ${JSON.stringify(found)} rows, not ${JSON.stringify(counts)}`);
}

/** Opens a copy of a history, checks all of it, and counts. Throws {@link Problem} for what is damaged or no history. */
export function readHistory(path: string): { counts: Counts; newest: number; unfinished: number } {
  if (!existsSync(path)) throw new Problem("it is not there");
  const database = new DatabaseSync(path, { timeout: 5000 });
  try {
    const [first] = database.prepare("PRAGMA integrity_check(1)").all() as { integrity_check: string }[];
    if (first?.integrity_check !== "ok") throw new Problem(`SQLite finds it damaged: ${first?.integrity_check}`);
    return { counts: countsOf(database), ...newsOf(database) };
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(`SQLite cannot read it: ${(error as Error).message}`);
  } finally {
    database.close();
  }
}

/** Counts and news of a history that the server may have open; nothing when there is none yet. */
export function lookAt(path: string, before = Date.now()): { counts: Counts; newest: number; unfinished: number } {
  if (!existsSync(path)) return { counts: {}, newest: 0, unfinished: 0 };
  const database = new DatabaseSync(path, { timeout: 5000 });
  try {
    return { counts: countsOf(database), ...newsOf(database, before) };
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

/** When the last run or event began, in milliseconds since 1970, and how many runs have no end. */
function newsOf(database: DatabaseSync, before = Date.now()): { newest: number; unfinished: number } {
  const tables = countsOf(database);
  if (tables.function_runs === undefined || tables.events === undefined) return { newest: 0, unfinished: 0 };
  const { newest } = database
    .prepare(
      `SELECT max(id) AS newest FROM (SELECT max(run_id) AS id FROM function_runs WHERE run_id < $before
       UNION ALL SELECT max(internal_id) FROM events WHERE internal_id < $before)`,
    )
    .get({ $before: ulidAt(before) }) as { newest: Uint8Array | null };
  return { newest: newest ? timeOf(newest) : 0, unfinished: unfinishedRuns(database).size };
}

/** Hex ids of runs that neither table of ends knows: the server writes both, and may lose a row of either. */
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
