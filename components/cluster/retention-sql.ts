/** Rows of one transaction. */
const batch = 500;

/**
 * What psql runs to remove what belongs to runs that ended more than `days` ago, and events of which no run is left,
 * in small transactions. A run without an end is left alone with all it has. A lock that does not come within 5 s ends
 * this round; what was removed until then stays removed.
 */
export function retentionSql(days: number): string {
  return `\\set ON_ERROR_STOP on
set lock_timeout = '5s';
do $$
declare
  -- The server writes UTC without saying so.
  cutoff timestamp := (now() at time zone 'utc') - interval '${days} days';
  cutoff_ms bigint := (extract(epoch from now()) * 1000)::bigint - ${days}::bigint * 86400000;
  traced char(26)[];
  finished bytea[];
begin
  loop
    -- Codes of a run at its end: overflowed, completed, failed, cancelled, skipped.
    select array_agg(run_id) into traced from (
      select run_id from trace_runs where status in (50, 300, 400, 500, 600) and ended_at < cutoff_ms limit ${batch}
    ) as old;
    exit when traced is null;
    delete from spans where run_id = any(traced::text[]);
    delete from traces where run_id = any(traced);
    delete from event_batches where run_id = any(traced);
    -- Last, because it is what the others are found by.
    delete from trace_runs where run_id = any(traced);
    commit;
  end loop;
  loop
    select array_agg(run_id) into finished from (
      select run_id from function_finishes where created_at < cutoff and run_id is not null limit ${batch}
    ) as old;
    exit when finished is null;
    delete from history where run_id = any(finished);
    delete from function_runs where run_id = any(finished);
    delete from function_finishes where run_id = any(finished);
    commit;
  end loop;
  loop
    delete from events where ctid = any(array(
      select event.ctid from events as event
      where event.received_at < cutoff
        and not exists (select from function_runs as run where run.event_id = event.internal_id)
      limit ${batch}
    ));
    exit when not found;
    commit;
  end loop;
  loop
    -- An event's own span belongs to no run; its id is all zeros.
    delete from traces where ctid = any(array(
      select ctid from traces where run_id = repeat('0', 26) and timestamp_unix_ms < cutoff_ms limit ${batch}
    ));
    exit when not found;
    commit;
  end loop;
  delete from worker_connections where disconnected_at < cutoff_ms;
end $$;
`;
}

/** An address of Postgres as the variables by which psql knows it, which takes no whole address from its environment. */
export function libpqVariables(address: string): Record<string, string> {
  const url = new URL(address);
  const parts: Record<string, string> = {
    PGHOST: url.hostname.replace(/^\[|\]$/g, ""),
    PGPORT: url.port,
    PGUSER: decodeURIComponent(url.username),
    PGPASSWORD: decodeURIComponent(url.password),
    PGDATABASE: decodeURIComponent(url.pathname.slice(1)),
    PGSSLMODE: url.searchParams.get("sslmode") ?? "",
  };
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== ""));
}
