// The scripts that take a history out of a real Postgres and put it back, with a real Redis, as a pod runs them. The
// rows are put in by hand. Does not prove the pods: that is for tests/cluster.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Inspection, Snapshot } from "../../lib/data/requests.ts";
import { answerOf } from "../../lib/places/data-programs.ts";
import type { DataProgram } from "../../lib/runtime-files.ts";
import { missing, title } from "../../tools/engine.ts";
import { OwnPostgres } from "../../tools/own-postgres.ts";
import { OwnRedis } from "../../tools/own-redis.ts";

const reason = OwnPostgres.missing() ?? (await missing("inngest", "redis"));

describe.skipIf(reason)(title("backup, Postgres", reason), () => {
  let postgres: OwnPostgres;
  let redis: OwnRedis;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "backup-postgres-"));
    postgres = await OwnPostgres.start();
    redis = await OwnRedis.start(folder);
  });
  afterAll(async () => {
    await postgres?.stop();
    redis?.stop();
    rmSync(folder, { recursive: true });
  });

  const run = <T>(program: DataProgram, request: object = {}) =>
    answerOf<T>(process.execPath, [`runtime/${program}.ts`], {
      database: { psql: postgres.psql() },
      queueUrl: redis.url,
      folder,
      ...request,
    });
  const inspect = () => run<Inspection>("inspect");
  /** All rows of all tables, whatever their order. */
  const content = () => {
    const tables = postgres.sql("select tablename from pg_tables where schemaname = 'public'").split(" ").sort();
    return tables.map((table) => [
      table,
      postgres.sql(`select md5(string_agg(t::text, '' order by t::text)) from ${table} t`),
    ]);
  };
  let before: ReturnType<typeof content>;
  let taken: Snapshot;

  test("a backup has every row and key, counted, of one moment", async () => {
    for (let number = 1; number <= 50; number++) postgres.run(number, 1, number > 3 ? 0 : undefined);
    // Signs that end a line elsewhere, and what looks like a command.
    postgres.sql('update events set event_data = E\'{"a":"\\u2028\\r\\n\\\\! id"}\'');
    redis.hold("a key");
    before = content();
    taken = await run<Snapshot>("snapshot");
    expect(taken.counts).toMatchObject({ events: 50, function_runs: 50, function_finishes: 47, history: 50 });
    expect(taken).toMatchObject({ unfinished: 3, queue: { keys: 1 } });
    expect(taken.held).toBeLessThan(4000);
    expect(readFileSync(join(folder, "history.sql"), "utf8")).toContain("dump complete");
  });

  test("rows that are written while it is taken are in none of its tables, or in all that they were written to", async () => {
    let ended = false;
    const writing = (async () => {
      for (let number = 1000; !ended; number++) {
        postgres.run(number, 0);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    })();
    const during = await run<Snapshot>("snapshot", { folder: mkdtempSync(join(folder, "during-")) });
    ended = true;
    await writing;
    const { events = 0, function_runs: runs, history, trace_runs: traced } = during.counts;
    expect(events).toBeGreaterThanOrEqual(50);
    expect([runs, history, traced]).toEqual([events, events, events]);
  });

  test("inspect reports what is there, and when the newest came", async () => {
    const seen = await inspect();
    expect(Date.now() - seen.newest).toBeLessThan(60_000);
    expect(seen.keys).toBe(1);
    expect((await run<Inspection>("inspect", { before: Date.now() - 3_600_000 })).newest).toBeLessThan(
      Date.now() - 3_600_000,
    );
  });

  test("a restore replaces all of it, and what was there is in a schema of its own with its queue", async () => {
    const replaced = content();
    redis.hold("another key");
    await run("restore", { previous: "replaced-1" });
    expect(content()).toEqual(before);
    expect((await inspect()).keys).toBe(1);
    expect(postgres.sql('select count(*) from "replaced-1".events')).not.toBe("50");
    expect(postgres.sql(`select base64 from "replaced-1".queue_rdb`)).toMatch(/^UkVESVM/);
    // What was replaced is in no later backup.
    const again = await run<Snapshot>("snapshot", { folder: mkdtempSync(join(folder, "again-")) });
    expect(again.counts).toEqual(taken.counts);
    expect(replaced).not.toEqual(before);
  });

  test("one that Postgres does not take in leaves everything as it was", async () => {
    const bad = mkdtempSync(join(folder, "bad-"));
    const dump = readFileSync(join(folder, "history.sql"), "utf8");
    const wrong = dump.replace("-- PostgreSQL database dump complete", "select 1 / 0;\n$&");
    writeFileSync(join(bad, "history.sql"), wrong);
    redis.hold("a third key");
    await expect(run("restore", { folder: bad, previous: "replaced-2" })).rejects.toThrow("division by zero");
    expect(content()).toEqual(before);
    expect((await inspect()).keys).toBe(2);
    expect(postgres.sql("select count(*) from pg_namespace where nspname = 'replaced-2'")).toBe("0");
  });

  test("one whose queue Redis does not take in leaves everything as it was", async () => {
    const bad = mkdtempSync(join(folder, "bad-"));
    writeFileSync(join(bad, "history.sql"), readFileSync(join(folder, "history.sql")));
    writeFileSync(join(bad, "queue.rdb"), "REDIS0011 and no more");
    postgres.run(7000, 0);
    const asItWas = content();
    await expect(run("restore", { folder: bad, previous: "replaced-3" })).rejects.toThrow(
      "everything is as it was before",
    );
    expect(content()).toEqual(asItWas);
    expect((await inspect()).keys).toBe(2);
  });

  test("a Postgres that is missing is reported with psql's error", async () => {
    const { PGPORT } = postgres.variables;
    postgres.variables.PGPORT = "1";
    try {
      await expect(inspect()).rejects.toThrow(/connection to server at "127\.0\.0\.1", port 1 failed/);
    } finally {
      postgres.variables.PGPORT = PGPORT;
    }
  });
});
