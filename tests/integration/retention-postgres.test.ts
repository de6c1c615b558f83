// Proves a sweep of a real Postgres, with the real server's schema and a real Redis, as it runs in a pod. Rows are inserted
// by hand. Does not prove the job in a cluster: tests/cluster does.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sweep } from "../../runtime/sweep/sweep.ts";
import { missing, title } from "../../tools/engine.ts";
import { OwnPostgres } from "../../tools/own-postgres.ts";
import { OwnRedis } from "../../tools/own-redis.ts";

const reason = OwnPostgres.missing() ?? (await missing("inngest", "redis"));

describe.skipIf(reason)(title("retention, Postgres", reason), () => {
  let postgres: OwnPostgres;
  let redis: OwnRedis;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "retention-postgres-"));
    postgres = await OwnPostgres.start();
    redis = await OwnRedis.start(folder);
  });
  afterAll(async () => {
    await postgres?.stop();
    redis?.stop();
    rmSync(folder, { recursive: true });
  });

  const sql = (text: string) => postgres.sql(text);
  const sweepIt = (request: { days?: number; endOrphaned?: boolean }) =>
    sweep({ database: { psql: postgres.psql() }, queueUrl: redis.url, ...request });
  const left = () =>
    Object.fromEntries(
      ["events", "function_runs", "function_finishes", "history", "trace_runs", "spans"].map((table) => [
        table,
        Number(sql(`select count(*) from ${table}`)),
      ]),
    );
  let asleep: string;
  let lost: string;

  test("runs that ended before the cutoff are removed in several batches; runs without an end, or a later one, stay", async () => {
    const [first] = [100, 101, 102].map((number) => postgres.run(number, 50, 40));
    sql(`insert into spans (span_id, trace_id, name, start_time, end_time, account_id, app_id, function_id, run_id, env_id)
      select i::text, 'more', 'EXTEND', now(), now(), '', '', '', '${first}', '' from generate_series(1, 2000) i`);
    sql(`insert into function_finishes (run_id, status, created_at)
      select decode(lpad(i::text, 32, '0'), 'hex'), 'Completed', now() - interval '90 days' from generate_series(5000, 6200) i`);
    lost = postgres.run(200, 400);
    asleep = postgres.run(201, 400);
    const kept = [lost, asleep, postgres.run(300, 50, 2), postgres.run(400, 1, 0)];
    redis.hold(`{estate:${asleep}}:metadata:${asleep}`);
    const swept = await sweepIt({ days: 30 });
    const three = { events: 3, function_runs: 3, history: 3, trace_runs: 3 };
    expect(swept.rows).toEqual({
      ...three,
      function_finishes: 1204,
      spans: 2003,
      traces: 0,
      event_batches: 0,
      worker_connections: 0,
    });
    const four = { events: 4, function_runs: 4, history: 4, trace_runs: 4, spans: 4 };
    expect(left()).toEqual({ ...four, function_finishes: 2 });
    expect(sql("select run_id from trace_runs").split(" ").sort()).toEqual(kept.sort());
    expect((await sweepIt({ days: 30 })).rows?.trace_runs ?? 0).toBe(0);
    expect(left()).toEqual({ ...four, function_finishes: 2 });
  });

  test("orphaned runs are found, and cancelled on request", async () => {
    const found = await sweepIt({});
    expect(found).toMatchObject({ inFlight: 1, orphaned: [lost], ended: 0 });
    expect(found.size).toBeGreaterThan(1_000_000);
    expect(found).not.toHaveProperty("room");
    expect(await sweepIt({ endOrphaned: true })).toMatchObject({ orphaned: [lost], ended: 1 });
    expect(sql(`select status from trace_runs where run_id = '${lost}'`)).toBe("500");
    expect(sql(`select status from spans where run_id = '${lost}' and name = 'EXTEND'`)).toBe("Cancelled");
    expect(await sweepIt({})).toMatchObject({ inFlight: 1, orphaned: [] });
  });
});
