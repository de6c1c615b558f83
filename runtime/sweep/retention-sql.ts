import { endCodes } from "../../lib/data/run-status.ts";

/** Rows per transaction. */
const batch = 500;

/**
 * Commands for psql that remove, in small transactions, the rows of runs that ended more than `days` ago, and events
 * without a run. Runs without an end stay, with all their rows. A lock that is not free within 5 s fails the sweep; what
 * has been removed stays removed. A notice at the end has the removed rows by table, as JSON.
 */
export function retentionSql(days: number): string {
  return `\\set ON_ERROR_STOP on
set lock_timeout = '5s';
do $$
declare
  -- The server writes UTC without a time zone.
  cutoff timestamp := (now() at time zone 'utc') - interval '${days} days';
  cutoff_ms bigint := ((extract(epoch from now()) - ${days} * 86400) * 1000)::bigint;
  traced char(26)[];
  finished bytea[];
  gone bigint;
  removed jsonb := '{}';
begin
  loop
    select array_agg(run_id) into traced from (
      select run_id from trace_runs where status in (${endCodes}) and ended_at < cutoff_ms limit ${batch}
    ) as old;
    exit when traced is null;
    ${counted("spans", "where run_id = any(traced::text[])")}
    ${counted("traces", "where run_id = any(traced)")}
    ${counted("event_batches", "where run_id = any(traced)")}
    -- Last, because the other rows are found through it.
    ${counted("trace_runs", "where run_id = any(traced)")}
    commit;
  end loop;
  loop
    select array_agg(run_id) into finished from (
      select run_id from function_finishes where created_at < cutoff and run_id is not null limit ${batch}
    ) as old;
    exit when finished is null;
    ${counted("history", "where run_id = any(finished)")}
    ${counted("function_runs", "where run_id = any(finished)")}
    ${counted("function_finishes", "where run_id = any(finished)")}
    commit;
  end loop;
  loop
    ${counted(
      "events",
      `where ctid = any(array(
      select event.ctid from events as event
      where event.received_at < cutoff
        and not exists (select from function_runs as run where run.event_id = event.internal_id)
      limit ${batch}
    ))`,
    )}
    exit when gone = 0;
    commit;
  end loop;
  loop
    -- An event's own span belongs to no run: its run id is all zeros.
    ${counted(
      "traces",
      `where ctid = any(array(
      select ctid from traces where run_id = repeat('0', 26) and timestamp_unix_ms < cutoff_ms limit ${batch}
    ))`,
    )}
    exit when gone = 0;
    commit;
  end loop;
  ${counted("worker_connections", "where disconnected_at < cutoff_ms")}
  raise notice '%', removed;
end $$;
`;
}

/** Removes rows of a table and counts them. */
function counted(table: string, where: string): string {
  return `delete from ${table} ${where};
    get diagnostics gone = row_count;
    removed := removed || jsonb_build_object('${table}', coalesce((removed->>'${table}')::bigint, 0) + gone);`;
}
