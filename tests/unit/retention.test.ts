// Proves what a sweep removes from a real SQLite file with the columns that it reads, next to a second writer. Does not
// prove that the server's schema has them: tests/integration/retention.test.ts does.
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { unfinishedRuns } from "../../lib/data/history.ts";
import { hexOf, ulidAt, ulidOf } from "../../lib/data/ulid.ts";
import { emptyWalDatabase } from "../../lib/render/wal-database.ts";
import { cancelRuns } from "../../runtime/sweep/orphaned.ts";
import { parseGoTime, removeBefore } from "../../runtime/sweep/retention.ts";

const day = 86_400_000;
const now = Date.UTC(2026, 0, 31, 12);
const cutoff = now - 30 * day;

let folder: string;
let database: DatabaseSync;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "retention-"));
  writeFileSync(join(folder, "main.db"), emptyWalDatabase());
  database = new DatabaseSync(join(folder, "main.db"));
  // As in a sweep; otherwise each small transaction waits for the disk.
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

/** Inserts a run with an event and a row in each table; it has an end if `ended` is given. */
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
  insert("traces", Buffer.alloc(16), begun, "of the event alone");
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

test("a run that ended before the cutoff is removed with its rows and its event", async () => {
  run(1, cutoff - 2 * day, cutoff - day);
  const young = run(2, now - day, now);
  const { rows } = await removeBefore(database, cutoff, new Set());
  expect(runsLeft()).toEqual([young]);
  expect(rows).toMatchObject({ spans: 1, traces: 2, history: 1, function_runs: 1, trace_runs: 1, events: 1 });
  expect(counts()).toEqual({ ...Object.fromEntries(Object.keys(counts()).map((table) => [table, 1])), traces: 2 });
});

test("a run without an end stays with its event, whatever its age", async () => {
  const asleep = run(1, cutoff - 300 * day);
  await removeBefore(database, cutoff, new Set());
  expect(runsLeft()).toEqual([asleep]);
  expect(counts()).toMatchObject({ events: 1, history: 1, function_runs: 1, trace_runs: 1 });
});

test("a run that began before the cutoff and ended after it stays", async () => {
  const long = run(1, cutoff - 20 * day, cutoff + day);
  await removeBefore(database, cutoff, new Set());
  expect(runsLeft()).toEqual([long]);
});

test("a run is removed when only one of the two tables has its end", async () => {
  run(1, cutoff - 3 * day, cutoff - 2 * day, "finish");
  run(2, cutoff - 3 * day, cutoff - 2 * day, "trace");
  await removeBefore(database, cutoff, new Set());
  expect(runsLeft()).toEqual([]);
});

test("a run that the queue knows stays, even if the history has its end", async () => {
  const odd = run(1, cutoff - 3 * day, cutoff - 2 * day);
  await removeBefore(database, cutoff, new Set([odd]));
  expect(runsLeft()).toEqual([odd]);
});

test("old rows are removed from behind the rows of a run that stays, across several pages", async () => {
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

test("the file shrinks at once, although an idle server does not checkpoint", async () => {
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

test("free pages are returned before their list grows long", async () => {
  // 30,000 overflow pages.
  for (let number = 0; number < 600; number++) run(number, cutoff - 2 * day, cutoff - day);
  database.exec(`UPDATE traces SET span_attributes = zeroblob(200000) WHERE run_id <> zeroblob(16)`);
  const other = new DatabaseSync(join(folder, "main.db"));
  const free = () =>
    Number((other.prepare("PRAGMA freelist_count").get() as { freelist_count: number }).freelist_count);
  let most = 0;
  const watching = setInterval(() => {
    most = Math.max(most, free());
  }, 1);
  const { bytes } = await removeBefore(database, cutoff, new Set());
  clearInterval(watching);
  expect(bytes).toBeGreaterThan(115e6);
  expect(most).toBeGreaterThan(10_000);
  expect(most).toBeLessThan(25_000);
  expect(free()).toBeLessThanOrEqual(256);
  other.close();
}, 60_000);

test("an interrupted sweep is continued by the next one", async () => {
  for (let number = 1; number < 50; number++) run(number, cutoff - 2 * day, cutoff - day);
  database.exec("DELETE FROM spans; DELETE FROM traces; DELETE FROM function_runs WHERE rowid < 20");
  await removeBefore(database, cutoff, new Set());
  expect(Object.values(counts()).every((count) => count === 0)).toBe(true);
});

test("nothing is removed while the server writes, and everything once it pauses", async () => {
  run(1, cutoff - 2 * day, cutoff - day);
  const server = new DatabaseSync(join(folder, "main.db"));
  const left: number[] = [];
  // The clock follows the server, so that a pause of this machine does not look like one of the server.
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

test("a cancelled orphaned run has an end for every reader of the history", () => {
  const orphaned = run(1, now - day);
  cancelRuns(database, [orphaned]);
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
])("Go's time %s is parsed", (text, time) => {
  expect(parseGoTime(text)).toBe(time);
});

test("a ULID converts between hex and text", () => {
  expect(hexOf("01M87WN74CP1NSV95E5NT5ASMJ")).toBe("01A20FCA9C8CB06B9DA4AE2D74556692");
  expect(ulidOf("01A20FCA9C8CB06B9DA4AE2D74556692")).toBe("01M87WN74CP1NSV95E5NT5ASMJ");
});
