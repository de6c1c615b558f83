import type { DatabaseSync } from "node:sqlite";
import { Redis } from "../../lib/data/redis.ts";
import { hexOf, timeOf } from "../../lib/data/ulid.ts";

/** Milliseconds for which a new run may be in the history and not yet in the queue. */
const defaultGracePeriod = 60_000;

/**
 * Asks the queue which of the unfinished `runs` it knows. A queue in the server's memory cannot be asked: all count as
 * in flight then.
 *
 * @param gracePeriod age in milliseconds from which a run may count as orphaned
 * @returns the ids of those that the queue knows, and of those that it has lost, which never end
 */
export async function classifyUnfinished(
  runs: string[],
  queueUrl: string | undefined,
  gracePeriod = defaultGracePeriod,
): Promise<{ inFlight: Set<string>; orphaned: string[] }> {
  if (queueUrl === undefined) return { inFlight: new Set(runs), orphaned: [] };
  const redis = await Redis.connect(queueUrl);
  try {
    const inFlight = new Set<string>();
    const orphaned: string[] = [];
    for (let first = 0; first < runs.length; first += 500) {
      const batch = runs.slice(first, first + 500);
      // A run's state exists from its scheduling to its end.
      const known = await redis.commands(batch.map((run) => ["EXISTS", `{estate:${run}}:metadata:${run}`]));
      for (const [index, run] of batch.entries()) {
        if (known[index] === 1) inFlight.add(run);
        else if (timeOf(Buffer.from(hexOf(run), "hex")) < Date.now() - gracePeriod) orphaned.push(run);
      }
    }
    return { inFlight, orphaned };
  } finally {
    redis.close();
  }
}

/**
 * Records that runs were cancelled just now. The server cannot cancel an orphaned run, because it looks for the run's
 * state: docs/measurements.md#cancelling-an-orphaned-run.
 */
export function cancelRuns(database: DatabaseSync, runs: string[]): number {
  const now = Date.now();
  const at = `${new Date(now).toISOString().replace("T", " ").replace("Z", "")} +0000 UTC`;
  const finish = database.prepare(
    `INSERT INTO function_finishes (run_id, status, output, completed_step_count, created_at)
     SELECT run_id, 'Cancelled', '{}', 0, $at FROM function_runs WHERE run_id = unhex($hex)`,
  );
  const trace = database.prepare("UPDATE trace_runs SET status = 500, ended_at = $now WHERE run_id = unhex($hex)");
  // The dashboard shows the status of the root's last span.
  const span = database.prepare(
    `INSERT INTO spans (span_id, trace_id, parent_span_id, name, start_time, end_time, attributes, dynamic_span_id,
       account_id, app_id, function_id, run_id, env_id, status)
     SELECT lower(hex(randomblob(8))), trace_id, parent_span_id, 'EXTEND', $at, $at,
       json_set(attributes, '$."_inngest.dynamic.status"', 'Cancelled', '$."_inngest.ended_at"', CAST($now AS TEXT)),
       dynamic_span_id, account_id, app_id, function_id, run_id, env_id, 'Cancelled'
     FROM spans WHERE run_id = $run AND name = 'executor.run' LIMIT 1`,
  );
  for (const run of runs) {
    const $hex = hexOf(run);
    database.exec("BEGIN IMMEDIATE");
    finish.run({ $at: at, $hex });
    trace.run({ $now: now, $hex });
    span.run({ $at: at, $now: now, $run: run });
    database.exec("COMMIT");
  }
  return runs.length;
}
