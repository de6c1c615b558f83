import type { SweepReport, SweepRequest } from "../../lib/data/requests.ts";
import { hexOf, ulidOf } from "../../lib/data/ulid.ts";
import { PostgresHistory } from "../postgres/history.ts";
import { classifyUnfinished } from "./orphaned.ts";
import { retentionSql } from "./retention-sql.ts";

/** Sweeps Postgres. Only rows are locked, so no server waits. */
export async function sweepPostgres(
  folder: string,
  { queueUrl, days, endOrphaned, gracePeriod }: Omit<SweepRequest, "database">,
): Promise<SweepReport> {
  const history = await PostgresHistory.at(folder);
  const { psql } = history;
  const size = async () => {
    const { bytes } = await psql.row<{ bytes: number }>("select pg_database_size(current_database()) as bytes");
    return bytes;
  };
  try {
    const unfinished = [...(await history.unfinishedRuns())].map(ulidOf);
    const { inFlight, orphaned } = await classifyUnfinished(unfinished, queueUrl, gracePeriod);
    if (endOrphaned) for (const run of orphaned) await psql.run(cancelSql(run));
    const before = await size();
    const notices = days === undefined ? undefined : await psql.run(retentionSql(days));
    const after = await size();
    return {
      at: new Date().toISOString(),
      ...(notices && { rows: rowsIn(notices), bytes: before - after }),
      size: after,
      inFlight: inFlight.size,
      orphaned,
      ended: endOrphaned ? orphaned.length : 0,
    };
  } finally {
    history.close();
  }
}

/** The removed rows by table, from the notice of {@link retentionSql}. */
function rowsIn(notices: string[]): Record<string, number> {
  const [, rows = "{}"] = /NOTICE: {2}(\{.*\})/.exec(notices.join("\n")) ?? [];
  return JSON.parse(rows) as Record<string, number>;
}

/** Records that a run was cancelled just now, as `cancelRuns` does for SQLite. */
function cancelSql(run: string): string {
  return `begin;
insert into function_finishes (run_id, status, output, completed_step_count, created_at)
  select run_id, 'Cancelled', '{}', 0, now() at time zone 'utc' from function_runs where run_id = '\\x${hexOf(run)}';
update trace_runs set status = 500, ended_at = (extract(epoch from now()) * 1000)::bigint where run_id = '${run}';
insert into spans (span_id, trace_id, parent_span_id, name, start_time, end_time, attributes, dynamic_span_id,
    account_id, app_id, function_id, run_id, env_id, status)
  select substr(md5(random()::text), 1, 16), trace_id, parent_span_id, 'EXTEND', now(), now(),
    jsonb_set(jsonb_set(attributes, '{_inngest.dynamic.status}', '"Cancelled"'), '{_inngest.ended_at}',
      to_jsonb((extract(epoch from now()) * 1000)::bigint::text)),
    dynamic_span_id, account_id, app_id, function_id, run_id, env_id, 'Cancelled'
  from spans where run_id = '${run}' and name = 'executor.run' limit 1;
commit`;
}
