import { DatabaseSync } from "node:sqlite";

/** Tables of finished runs (server 1.43.0) and, of each, the columns whose values no two runs share. */
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
 * Multiplies the finished runs in a stopped server's database until there are at least `count` of them: every row of theirs
 * as it is, under other ids. Returns how many there are.
 */
export function fillHistory(file: string, count: number): number {
  const database = new DatabaseSync(file);
  const finished = () => (database.prepare("select count(*) as n from trace_runs").get() as { n: number }).n;
  database.exec("pragma synchronous = off");
  try {
    for (let now = finished(); now < count; now = finished()) {
      const copies = Math.min(now, count - now);
      database.exec("begin");
      for (const [table, unique] of Object.entries(tables)) {
        const columns = (database.prepare(`pragma table_info(${table})`).all() as { name: string }[]).map(
          ({ name }) => name,
        );
        const values = columns.map((name) => (unique.includes(name) ? other(name) : name));
        const { n: rows } = database.prepare(`select count(*) as n from ${table}`).get() as { n: number };
        const wanted = Math.ceil((rows * copies) / now);
        database.exec(
          `insert into ${table} (${columns.join(", ")}) select ${values.join(", ")} from ${table} order by rowid limit ${wanted}`,
        );
      }
      database.exec("commit");
    }
    // Gigabytes that are not on the disk yet would be waited for by the server's first transaction.
    database.exec("pragma synchronous = full");
    database.exec("pragma wal_checkpoint(truncate)");
    return finished();
  } finally {
    database.close();
  }
}

/** Another value of the same type and length. */
function other(column: string): string {
  return (
    `case typeof(${column}) when 'null' then null when 'blob' then randomblob(length(${column})) ` +
    `else substr(lower(hex(randomblob(length(${column})))), 1, length(${column})) end`
  );
}
