// A real SQLite file with the columns of the server's tables that the janitor reads, beside a second writer. Does not
// prove that the server's own schema is like that: tests/integration/retention.test.ts does.
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { unfinishedRuns } from "../../lib/data/history.ts";
import { hexOf, ulidAt, ulidOf } from "../../lib/data/ulid.ts";
import { emptyWalDatabase } from "../../lib/render/wal-database.ts";
import { endRuns } from "../../runtime/sweep/orphaned.ts";
import { removeBefore, writtenTime } from "../../runtime/sweep/retention.ts";

const day = 86_400_000;
const now = Date.UTC(2026, 0, 31, 12);
const cutoff = now - 30 * day;

let folder: string;
let database: DatabaseSync;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "retention-"));
  writeFileSync(join(folder, "main.db"), emptyWalDatabase());
  database = new DatabaseSync(join(folder, "main.db"));
  // As the janitor's own connection: else each small transaction waits for the disk.
  database.exec("PRAGMA synchronous = NORMAL");
  database.exec(`
    CREATE TABLE events (internal_id BLOB, event_ts TEXT);
    CREATE TABLE function_runs (run_id BLOB, event_id BLOB);
    CREATE TABLE function_finishes (run_id BLOB, status TEXT, output TEXT, completed_step_count INT, created_at TEXT);
    CREATE TABLE history (id BLOB, run_id BLOB);
    CREATE TABLE traces (run_id BLOB, timestamp_unix_ms INT, span_attributes BLOB);
    CREATE TABLE trace_runs (run_id BLOB PRIMARY KEY, status INT, ended_at INT, trigger_ids BLOB);
    CREATE TABLE event_batches (run_id TEXT);
    CREATE TABLE worker_connections (id TEXT, disconnected_at INT);
    CREATE TABLE spans (span_id TEXT, trace_id TEXT, parent_span_id TEXT, name TEXT, start_time TEXT, end_time TEXT,
      attributes TEXT, dynamic_span_id TEXT, account_id TEXT, app_id TEXT, function_id TEXT, run_id TEXT, env_id TEXT,
      status TEXT);`);
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

/** A run with an event and a row in each table; without an end when `ended` is not given. */
function run(number: number, begun: number, ended?: number, lost: "nothing" | "finish" | "trace" = "nothing"): string {
  const id = ulidAt(begun);
  id.writeUInt32BE(number, 12);
  const event = ulidAt(begun - 5);
  event.writeUInt32BE(number, 12);
  const text = ulidOf(hexOf(id));
  const insert = (table: string, ...values: (Buffer | string | number)[]) =>
    database.prepare(`INSERT INTO ${table} VALUES (${values.map(() => "?").join(", ")})`).run(...values);
  insert("events", event, "");
  insert("function_runs", id, event);
  insert("history", id, id);
  insert("traces", id, begun, "x".repeat(2000));
  insert("traces", Buffer.alloc(16), begun, "an event's own");
  insert("event_batches", text);
  const status = ended !== undefined && lost !== "trace" ? 300 : 200;
  insert("trace_runs", id, status, ended ?? 0, Buffer.from(ulidOf(hexOf(event))));
  const at = new Date(ended ?? 0).toISOString().replace("T", " ").replace("Z", "123 +0000 UTC m=+1.5");
  if (ended !== undefined && lost !== "finish") insert("function_finishes", id, "Completed", "", 1, at);
  database.prepare("INSERT INTO spans (run_id, name, attributes) VALUES (?, 'executor.run', '{}')").run(text);
  return text;
}

const counts = () =>
  Object.fromEntries(
    ["events", "function_runs", "function_finishes", "history", "traces", "trace_runs", "event_batches", "spans"].map(
      (table) => [table, (database.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n],
    ),
  );
const runsLeft = () =>
  (database.prepare("SELECT run_id AS id FROM spans").all() as { id: string }[]).map(({ id }) => id);

test("runs that ended before go with all they have, and their events", async () => {
  run(1, cutoff - 2 * day, cutoff - day);
  const young = run(2, now - day, now);
  const { rows } = await removeBefore(database, cutoff, new Set());
  expect(runsLeft()).toEqual([young]);
  expect(rows).toMatchObject({ spans: 1, traces: 2, history: 1, function_runs: 1, trace_runs: 1, events: 1 });
  expect(counts()).toEqual({ ...Object.fromEntries(Object.keys(counts()).map((table) => [table, 1])), traces: 2 });
});

test("a run without an end stays whatever its age, with its event", async () => {
  const asleep = run(1, cutoff - 300 * day);
  await removeBefore(database, cutoff, new Set());
  expect(runsLeft()).toEqual([asleep]);
  expect(counts()).toMatchObject({ events: 1, history: 1, function_runs: 1, trace_runs: 1 });
});

test("a run that began before and ended after stays", async () => {
  const long = run(1, cutoff - 20 * day, cutoff + day);
  await removeBefore(database, cutoff, new Set());
  expect(runsLeft()).toEqual([long]);
});

test("one row that tells the end is enough to go", async () => {
  run(1, cutoff - 3 * day, cutoff - 2 * day, "finish");
  run(2, cutoff - 3 * day, cutoff - 2 * day, "trace");
  await removeBefore(database, cutoff, new Set());
  expect(runsLeft()).toEqual([]);
});

test("what the queue calls in flight stays, even where the history says that it ended", async () => {
  const odd = run(1, cutoff - 3 * day, cutoff - 2 * day);
  await removeBefore(database, cutoff, new Set([odd]));
  expect(runsLeft()).toEqual([odd]);
});

test("old rows are found behind rows of a run that stays, in more than one page", async () => {
  const asleep = run(1, cutoff - 300 * day);
  database.exec("BEGIN");
  for (let number = 2; number < 1200; number++) run(number, cutoff - 2 * day, cutoff - day);
  database.exec("COMMIT");
  const young = run(5000, now - day, now);
  const before = statSync(join(folder, "main.db")).size;
  const { bytes } = await removeBefore(database, cutoff, new Set());
  expect(runsLeft()).toEqual([asleep, young]);
  expect(bytes).toBeGreaterThan(before / 2);
}, 60_000);

test("what is given back leaves the file at once, although the server, at rest, does not move SQLite's log into it", async () => {
  const server = new DatabaseSync(join(folder, "main.db"));
  database.exec("BEGIN");
  for (let number = 1; number < 1200; number++) run(number, cutoff - 2 * day, cutoff - day);
  database.exec("COMMIT; PRAGMA wal_checkpoint(PASSIVE); PRAGMA wal_autocheckpoint = 0");
  const size = () => statSync(join(folder, "main.db")).size;
  const before = size();
  await removeBefore(database, cutoff, new Set());
  expect(size()).toBeLessThan(before / 2);
  server.close();
}, 60_000);

test("pages are given back before many are free, because each takes the longer the more there are", async () => {
  // 30,000 pages of one row's overflow or another's.
  for (let number = 0; number < 600; number++) run(number, cutoff - 2 * day, cutoff - day);
  database.exec(`UPDATE traces SET span_attributes = zeroblob(200000) WHERE run_id <> zeroblob(16)`);
  const other = new DatabaseSync(join(folder, "main.db"));
  const free = () =>
    Number((other.prepare("PRAGMA freelist_count").get() as { freelist_count: number }).freelist_count);
  let most = 0;
  const looking = setInterval(() => {
    most = Math.max(most, free());
  }, 1);
  const { bytes } = await removeBefore(database, cutoff, new Set());
  clearInterval(looking);
  expect(bytes).toBeGreaterThan(115e6);
  expect(most).toBeGreaterThan(10_000);
  expect(most).toBeLessThan(25_000);
  expect(free()).toBeLessThanOrEqual(256);
  other.close();
}, 60_000);

test("an end in the middle is gone on with", async () => {
  for (let number = 1; number < 50; number++) run(number, cutoff - 2 * day, cutoff - day);
  database.exec("DELETE FROM spans; DELETE FROM traces; DELETE FROM function_runs WHERE rowid < 20");
  await removeBefore(database, cutoff, new Set());
  expect(Object.values(counts()).every((count) => count === 0)).toBe(true);
});

test("nothing is removed while the server writes, and it is once the server pauses", async () => {
  run(1, cutoff - 2 * day, cutoff - day);
  const server = new DatabaseSync(join(folder, "main.db"));
  const left: number[] = [];
  // Time goes with the server: a pause of this machine's is none of the server's.
  vi.useFakeTimers({ toFake: ["Date"] });
  const writing = setInterval(() => {
    vi.setSystemTime(Date.now() + 10);
    if (left.length === 30) return;
    left.push(runsLeft().length);
    server.prepare("INSERT INTO worker_connections VALUES ('one', NULL)").run();
  }, 10);
  await removeBefore(database, cutoff, new Set());
  clearInterval(writing);
  vi.useRealTimers();
  server.close();
  expect(left).toEqual(Array(30).fill(1));
  expect(runsLeft()).toEqual([]);
});

test("a orphaned run gets an end that every reader of the history sees", () => {
  const orphaned = run(1, now - day);
  endRuns(database, [orphaned]);
  expect(unfinishedRuns(database)).toEqual(new Set());
  expect(database.prepare("SELECT status FROM trace_runs").get()).toEqual({ status: 500 });
  expect(database.prepare("SELECT status FROM function_finishes").get()).toEqual({ status: "Cancelled" });
  expect(database.prepare("SELECT status FROM spans WHERE name = 'EXTEND'").get()).toEqual({ status: "Cancelled" });
});

test.each([
  ["2026-01-31 12:00:00.123456789 +0000 UTC m=+6.345968915", now + 123],
  ["2026-01-31 13:00:00.123 +0100 CET", now + 123],
  ["2026-01-31 12:00:00 +0000 UTC", now],
  ["2026-01-31 12:00:00", now],
  ["yesterday", Number.POSITIVE_INFINITY],
])("the time %s is read", (text, time) => {
  expect(writtenTime(text)).toBe(time);
});

test("an id is the same as bytes and as text", () => {
  expect(hexOf("01M87WN74CP1NSV95E5NT5ASMJ")).toBe("01A20FCA9C8CB06B9DA4AE2D74556692");
  expect(ulidOf("01A20FCA9C8CB06B9DA4AE2D74556692")).toBe("01M87WN74CP1NSV95E5NT5ASMJ");
});
