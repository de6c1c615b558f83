import type { DatabaseSync } from "node:sqlite";
import { hexOf, timeOf } from "../../lib/data/ulid.ts";
import { Redis } from "../redis/redis.ts";

/** Milliseconds in which a run may be in the history and not yet in the queue. */
const usualGrace = 60_000;

/** What the queue knows of the runs that the history has no end of. */
export interface Flight {
  /** Ids of runs that the queue has. */
  inFlight: Set<string>;
  /** Ids of runs that it has nothing of: they never end. */
  orphaned: string[];
}

/**
 * Asks the queue about runs without an end, whose ids are `runs`. Where it lives in the server's memory nobody can be
 * asked.
 */
export async function flightOf(runs: string[], queueUrl: string | undefined, grace = usualGrace): Promise<Flight> {
  if (queueUrl === undefined) return { inFlight: new Set(runs), orphaned: [] };
  const redis = await Redis.connect(queueUrl);
  try {
    const inFlight = new Set<string>();
    const orphaned: string[] = [];
    for (let first = 0; first < runs.length; first += 500) {
      const some = runs.slice(first, first + 500);
      // A run's state is there from its scheduling to its end.
      const known = await redis.commands(some.map((run) => ["EXISTS", `{estate:${run}}:metadata:${run}`]));
      for (const [index, run] of some.entries()) {
        if (known[index] === 1) inFlight.add(run);
        else if (timeOf(Buffer.from(hexOf(run), "hex")) < Date.now() - grace) orphaned.push(run);
      }
    }
    return { inFlight, orphaned };
  } finally {
    redis.close();
  }
}

/**
 * Writes the end of runs that are orphaned: cancelled, now. The server itself answers such a cancellation with success
 * and changes nothing (1.43.0, measured), because it looks for their state.
 */
export function endRuns(database: DatabaseSync, runs: string[]): number {
  const now = Date.now();
  const at = `${new Date(now).toISOString().replace("T", " ").replace("Z", "")} +0000 UTC`;
  const finish = database.prepare(
    `INSERT INTO function_finishes (run_id, status, output, completed_step_count, created_at)
     SELECT run_id, 'Cancelled', '{}', 0, $at FROM function_runs WHERE run_id = unhex($hex)`,
  );
  const trace = database.prepare("UPDATE trace_runs SET status = 500, ended_at = $now WHERE run_id = unhex($hex)");
  // The dashboard takes a run's status from the last span of its root.
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
