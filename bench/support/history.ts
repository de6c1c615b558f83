import { DatabaseSync } from "node:sqlite";
import { hexOf, ulidAt, ulidOf } from "../../lib/data/ulid.ts";

/** Tables with the rows of finished runs, and the columns of each whose values are unique to a run. */
const tables: Record<string, string[]> = {
  events: ["internal_id", "event_id"],
  function_runs: ["run_id", "event_id"],
  function_finishes: ["run_id"],
  history: ["id", "run_id", "event_id", "group_id", "idempotency_key"],
  traces: ["trace_id", "span_id", "run_id"],
  trace_runs: ["run_id", "trace_id"],
  spans: ["span_id", "trace_id", "dynamic_span_id", "run_id"],
};

/**
 * Multiplies the finished runs in a stopped server's database until there are at least `count`: copies all their rows
 * under new ids. Returns the number of runs.
 */
export function fillHistory(file: string, count: number): number {
  const database = new DatabaseSync(file);
  const countRows = (table: string) =>
    (database.prepare(`select count(*) as n from ${table}`).get() as { n: number }).n;
  database.exec("pragma synchronous = off");
  try {
    for (let runs = countRows("trace_runs"); runs < count; runs = countRows("trace_runs")) {
      const copies = Math.min(runs, count - runs);
      database.exec("begin");
      for (const [table, unique] of Object.entries(tables)) {
        const rows = Math.ceil((countRows(table) * copies) / runs);
        const changed = Object.fromEntries(unique.map((column) => [column, randomLike(column)]));
        copyRows(database, table, changed, `from ${table} order by rowid limit ${rows}`);
      }
      database.exec("commit");
    }
    // The server's first transaction would have to wait for gigabytes that are not on disk yet.
    database.exec("pragma synchronous = full");
    database.exec("pragma wal_checkpoint(truncate)");
    return countRows("trace_runs");
  } finally {
    database.close();
  }
}

/** Copies the only finished run of a server's database `count` times, as runs that ended `days` ago. */
export function addOldRuns(file: string, count: number, days: number): void {
  const database = new DatabaseSync(file, { timeout: 10_000 });
  const { run } = database.prepare("select run_id as run from function_finishes").get() as { run: Uint8Array };
  const { span } = database.prepare("select run_id as span from spans where name = 'executor.run'").get() as {
    span: string;
  };
  const ended = Date.now() - days * 86_400_000;
  const endedText = `'${new Date(ended).toISOString().replace("T", " ").replace("Z", "")} +0000 UTC'`;
  database.function("id", (number) => oldId(ended, Number(number)));
  database.function("ulid", (number) => ulidOf(hexOf(oldId(ended, Number(number)))));
  const copy = (
    table: string,
    changed: Record<string, string>,
    where: string,
    ...parameters: (Uint8Array | string)[]
  ) => {
    for (let first = 0; first < count; first += 2000) {
      const last = Math.min(first + 2000, count) - 1;
      const numbers = `with recursive n(i) as (select ${first} union all select i + 1 from n where i < ${last})`;
      copyRows(database, table, changed, `from n, ${table} where ${table}.${where}`, { numbers, parameters });
    }
  };
  copy("function_runs", { run_id: "id(i)", event_id: "id(i)" }, "run_id = ?", run);
  copy("function_finishes", { run_id: "id(i)", created_at: endedText }, "run_id = ?", run);
  copy("trace_runs", { run_id: "id(i)", ended_at: `${ended}` }, "run_id = ?", run);
  copy("history", { id: "randomblob(16)", run_id: "id(i)" }, "run_id = ?", run);
  copy("traces", { run_id: "id(i)", timestamp_unix_ms: `${ended}` }, "run_id = ?", run);
  copy("spans", { span_id: "lower(hex(randomblob(8)))", run_id: "ulid(i)" }, "run_id = ?", span);
  copy("events", { internal_id: "id(i)", event_id: "ulid(i)", event_ts: endedText }, "rowid = 1");
  database.close();
}

/** Inserts rows that `source` selects from the table itself, with SQL expressions for the `changed` columns. */
function copyRows(
  database: DatabaseSync,
  table: string,
  changed: Record<string, string>,
  source: string,
  { numbers = "", parameters = [] }: { numbers?: string; parameters?: (Uint8Array | string)[] } = {},
): void {
  const columns = (database.prepare(`pragma table_info(${table})`).all() as { name: string }[]).map(({ name }) => name);
  const values = columns.map((name) => changed[name] ?? `${table}.${name}`);
  database
    .prepare(`${numbers} insert into ${table} (${columns.join(", ")}) select ${values.join(", ")} ${source}`)
    .run(...parameters);
}

/** An expression for a random value of the same type and length. */
function randomLike(column: string): string {
  return (
    `case typeof(${column}) when 'null' then null when 'blob' then randomblob(length(${column})) ` +
    `else substr(lower(hex(randomblob(length(${column})))), 1, length(${column})) end`
  );
}

/** A ULID of that time, unique by its number. */
function oldId(time: number, number: number): Buffer {
  const id = ulidAt(time);
  id.writeUInt32BE(number, 12);
  return id;
}
