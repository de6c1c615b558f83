// Proves that SQLite takes the page for an empty database in WAL mode. That the server keeps that mode is for the
// integration suites.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { emptyWalDatabase } from "../../lib/render/wal-database.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "wal-"));
  file = join(folder, "main.db");
  writeFileSync(file, emptyWalDatabase());
});
afterEach(() => rmSync(folder, { recursive: true }));

test("an empty database is one page, and always the same", () => {
  expect(statSync(file).size).toBe(4096);
  expect(emptyWalDatabase().equals(emptyWalDatabase())).toBe(true);
});

test("an empty database is sound, empty and in WAL mode", () => {
  const database = new DatabaseSync(file);
  expect(database.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
  expect(database.prepare("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
  expect(database.prepare("PRAGMA encoding").get()).toEqual({ encoding: "UTF-8" });
  expect(database.prepare("SELECT count(*) AS tables FROM sqlite_schema").get()).toEqual({ tables: 0 });
  database.close();
});

test("an empty database returns free pages when asked to", () => {
  const database = new DatabaseSync(file);
  expect(database.prepare("PRAGMA auto_vacuum").get()).toEqual({ auto_vacuum: 2 });
  database.exec("CREATE TABLE run (note BLOB); INSERT INTO run VALUES (zeroblob(400000)); DELETE FROM run");
  database.exec("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
  expect(statSync(file).size).toBeLessThan(40_000);
});

test("a database that is used stays in WAL mode", () => {
  const first = new DatabaseSync(file);
  first.exec("CREATE TABLE run (id TEXT PRIMARY KEY, note TEXT); CREATE INDEX note ON run (note)");
  const insert = first.prepare("INSERT INTO run VALUES (?, ?)");
  first.exec("BEGIN");
  for (let index = 0; index < 500; index++) insert.run(`run-${index}`, "é".repeat(index));
  first.exec("COMMIT");
  expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
  first.close();

  const second = new DatabaseSync(file);
  expect(second.prepare("SELECT count(*) AS runs, sum(length(note)) AS letters FROM run").get()).toEqual({
    runs: 500,
    letters: (499 * 500) / 2,
  });
  expect(second.prepare("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
  expect(second.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
  second.close();
  expect([...readFileSync(file).subarray(18, 20)]).toEqual([2, 2]);
});
