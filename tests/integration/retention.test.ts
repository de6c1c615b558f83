// Proves sweeps of the real server's SQLite schema, next to a busy server, with real Pulumi CLI, Redis and worker. A limit
// of seconds stands for days. Does not prove histories of gigabytes (npm run bench -- retention has a large one), nor the
// days of a year.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LastSweep, SweepReport } from "../../lib/data/requests.ts";
import { endCodes } from "../../lib/data/run-status.ts";
import { hexOf } from "../../lib/data/ulid.ts";
import { finished, marks, statuses } from "../../tools/durable-worker.ts";
import { missing, title } from "../../tools/engine.ts";
import { InFlight } from "../../tools/in-flight.ts";
import { type RedisAt, stackWithQueue } from "../../tools/own-redis.ts";
import { eventually, TestStack } from "../../tools/test-stack.ts";
import { docker, leftovers } from "../support/containers.ts";

const reason = await missing("pulumi", "inngest", "redis");

describe.skipIf(reason)(title("retention, process tier", reason), () => {
  let stack: TestStack;
  let redis: RedisAt;
  beforeAll(async () => {
    ({ stack, redis } = await stackWithQueue());
  });
  afterAll(async () => {
    await stack.remove();
  });

  const history = () => join(stack.dataFolder, "server", "main.db");
  /** Runs one sweep. */
  const sweep = async (request: object): Promise<SweepReport> => {
    const input = JSON.stringify({ database: history(), queueUrl: redis.url, ...request });
    const { stdout } = await execa({ input })`${process.execPath} runtime/sweep-now.ts`;
    return JSON.parse(stdout) as SweepReport;
  };
  const send = async (run: string, seconds: number) => {
    const api = await stack.api();
    return await api.send((await stack.outputs()).eventKey, { name: "durable/asleep", data: { run, seconds } });
  };
  const sendMany = async (prefix: string, count: number, seconds: number) => {
    const api = await stack.api();
    const { eventKey } = await stack.outputs();
    for (let run = 0; run < count; run++) {
      await api.send(eventKey, { name: "durable/asleep", data: { run: `${prefix}${run}`, seconds } });
    }
  };

  /** What the history knows of ends, which the server writes down after the last step. */
  const ends = () => {
    const database = new DatabaseSync(history(), { readOnly: true, timeout: 5000 });
    try {
      const row = database
        .prepare(
          `SELECT (SELECT count(*) FROM function_finishes) AS finishes,
                  (SELECT count(*) FROM trace_runs WHERE status IN (${endCodes})) AS traces,
                  (SELECT count(*) FROM events WHERE event_name = 'inngest/function.finished') AS events`,
        )
        .get();
      return { ...row };
    } finally {
      database.close();
    }
  };

  test("the janitor runs, and has logged and recorded its first sweep", async () => {
    await eventually(20_000, async () => {
      const log = readFileSync(join(stack.dataFolder, "logs", "janitor.log"), "utf8");
      expect(log).toMatch(/"inFlight":0,"orphaned":0/);
    });
    const file = join(stack.dataFolder, "janitor", "last-sweep.json");
    expect((JSON.parse(readFileSync(file, "utf8")) as LastSweep).report).toMatchObject({ inFlight: 0, orphaned: [] });
    expect(await stack.changes()).toEqual([]);
  });

  test("next to a busy server, runs that have ended are removed, and runs in flight stay and end", async () => {
    await sendMany("old", 30, 0);
    await sendMany("asleep", 5, 20);
    await eventually(40_000, async () => expect(finished(stack)).toBe(30));
    await eventually(20_000, async () => expect(ends()).toEqual({ finishes: 30, traces: 30, events: 30 }));
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const before = Date.now();
    await sendMany("during", 20, 1);
    const swept = await sweep({ days: (Date.now() - before + 1000) / 86_400_000 });
    expect(swept.rows).toMatchObject({ function_runs: 30, function_finishes: 30, trace_runs: 30, events: 60 });
    expect(swept.rows?.spans).toBeGreaterThanOrEqual(30 * 5);
    await eventually(40_000, async () => expect(finished(stack)).toBe(55));
    expect(Object.values(marks(stack)).every((count) => count === 1)).toBe(true);
    // Each is a trace row that met the sweep's lock and was dropped, maybe the one with which a run begins or ends in the
    // history. More than a few mean that the sweep does not keep its pace.
    const log = () => readFileSync(join(stack.dataFolder, "logs", "server.log"), "utf8");
    const dropped = () => log().match(/SQLITE_BUSY/g)?.length ?? 0;
    await eventually(10_000, async () => {
      const ended = (await statuses(stack)).filter((status) => status === "COMPLETED");
      expect(25 - ended.length).toBeLessThanOrEqual(dropped());
    });
    expect(dropped()).toBeLessThan(5);
  });

  test("a run that sleeps, is queued, retries or waits for an event stays whatever its age, and ends", async () => {
    const inFlight = await InFlight.start(stack, 3, 20);
    const api = await stack.api();
    const statuses = async () => {
      const runs = await Promise.all(inFlight.events.map((event) => api.runsOf(event)));
      return runs.map((found) => found.map(({ status }) => status).join());
    };
    const waiting = Array.from({ length: 3 }, () => ["RUNNING", "QUEUED", "RUNNING", "RUNNING"]).flat();
    await eventually(15_000, async () => {
      expect(inFlight.runs.filter((run) => !run.startsWith("queued") && marks(stack)[`${run} a`] !== 1)).toEqual([]);
      expect(await statuses()).toEqual(waiting);
      expect(Object.keys(marks(stack)).filter((mark) => mark.endsWith(" attempt-0"))).toHaveLength(3);
    });
    const rows = () => {
      const database = new DatabaseSync(history(), { readOnly: true, timeout: 5000 });
      const ids = `(${inFlight.events.map((id) => `x'${hexOf(id)}'`).join(", ")})`;
      const { events, runs } = database
        .prepare(
          `SELECT (SELECT count(*) FROM events WHERE internal_id IN ${ids}) AS events,
                  (SELECT count(*) FROM function_runs WHERE event_id IN ${ids}) AS runs`,
        )
        .get() as { events: number; runs: number };
      database.close();
      return { events, runs };
    };
    const all = { events: 12, runs: 12 };
    await eventually(15_000, async () => expect(rows()).toEqual(all));
    // With 0 days all of them are old.
    expect(await sweep({ days: 0 })).toMatchObject({ inFlight: 12, orphaned: [] });
    expect(rows()).toEqual(all);
    expect(await statuses()).toEqual(waiting);
    await inFlight.wake();
    await eventually(60_000, async () => {
      expect(inFlight.unfinished(marks(stack))).toEqual([]);
      expect(new Set(await statuses())).toEqual(new Set(["COMPLETED"]));
    });
    expect(Object.keys(marks(stack)).filter((mark) => mark.endsWith(" attempt-1"))).toHaveLength(3);
  });

  test("an orphaned run is found, and cancelled on request", async () => {
    const eventId = await send("orphaned", 3000);
    const api = await stack.api();
    const run = await eventually(30_000, async () => {
      const [found] = await api.runsOf(eventId);
      if (found?.status !== "RUNNING") throw new Error(`not yet: ${found?.status}`);
      if (!redis.holdsAsleep(found.id)) throw new Error("not asleep yet");
      return found.id;
    });
    redis.forget(run);
    expect(await sweep({ gracePeriod: 0 })).toMatchObject({ inFlight: 0, orphaned: [run], ended: 0 });
    expect(await sweep({ gracePeriod: 0, endOrphaned: true })).toMatchObject({ orphaned: [run], ended: 1 });
    await eventually(20_000, async () => {
      expect((await api.runs(100)).find(({ id }) => id === run)?.status).toBe("CANCELLED");
    });
    const { exitCode, stdout } = await stack.command("retention");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^History \d+\.\d [KM]iB; \d+\.\d [MGT]iB are free; retention 30d\nRuns {4}0 in flight, 0 orphaned$/,
    );
    const database = new DatabaseSync(history(), { readOnly: true });
    expect(database.prepare("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
    database.close();
  });
});

const dockerReason = await missing("pulumi", "docker");

describe.skipIf(dockerReason)(title("retention, Docker tier", dockerReason), () => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await TestStack.create("persistent");
    await stack.up();
  });
  afterAll(async () => {
    await stack.remove();
    for (const volume of leftovers(stack.name).volumes) docker("volume", "rm", volume);
  });

  test("the janitor's container has run a sweep, and another can be requested", async () => {
    const container = `inngest-${stack.name}-janitor`;
    await eventually(30_000, async () => expect(docker("logs", container)).toMatch(/"orphaned":0/));
    const last = JSON.parse(docker("exec", container, "cat", "/data/janitor/last-sweep.json")) as LastSweep;
    expect(last.report).toMatchObject({ inFlight: 0, orphaned: [] });
    expect(await stack.changes()).toEqual([]);
    // A cron may be at work in this very moment.
    await eventually(60_000, async () => {
      const { exitCode, stdout, all } = await stack.command("retention", "--now", "--json");
      expect(exitCode, String(all)).toBe(0);
      expect(JSON.parse(String(stdout))).toMatchObject({ inFlight: 0, orphaned: [], rows: { spans: 0, events: 0 } });
    });
  });
});
