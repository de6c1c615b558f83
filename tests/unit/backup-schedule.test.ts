// Proves how backups are named and found, and how an interval is parsed. Does not prove the service that takes them:
// tests/integration/backup-schedule.test.ts does.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { backupName, backupsIn, newestBackup } from "../../lib/data/backup-files.ts";
import { secondsOf } from "../../lib/settings/backups.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "backups-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a stack's backups are distinguished from those of a stack with a longer name", () => {
  const names = [
    backupName("dev", "2026-01-31T12:00:00.000Z"),
    backupName("dev", "2026-01-30T12:00:00.999Z"),
    backupName("dev-2", "2026-02-01T00:00:00.000Z"),
    "dev-notes.txt",
    ".dev-17.draft",
  ];
  for (const name of names) writeFileSync(join(folder, name), "");
  expect(backupsIn(folder, "dev")).toEqual(["dev-20260130T120000Z.tar.gz", "dev-20260131T120000Z.tar.gz"]);
  expect(newestBackup(folder, "dev")).toBe(Date.UTC(2026, 0, 31, 12));
});

test("a folder that is missing, or is a file, has no backups", () => {
  writeFileSync(join(folder, "file"), "");
  for (const place of ["nowhere", "file"]) expect(newestBackup(join(folder, place), "dev")).toBe(0);
});

test.each([
  ["24h", 86_400],
  ["7d", 604_800],
  ["30m", 1800],
  ["10s", 10],
  ["9s", undefined],
  ["0h", undefined],
  ["1w", undefined],
  ["h", undefined],
  ["1.5h", undefined],
  ["off", undefined],
])("the interval %s has %s seconds", (text, seconds) => {
  expect(secondsOf(text)).toBe(seconds);
});
