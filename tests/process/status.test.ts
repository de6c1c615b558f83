// Proves what status makes of a stack's parts: what they did last, and whether backups are overdue. The places are
// stand-ins. That a real janitor has swept is for tests/integration/verify-process.test.ts and
// tests/integration/verify-docker.test.ts.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { isOverdue, lastBackupOf } from "../../cli/lib/last-backup.ts";
import { partLine, reportsOf } from "../../cli/status/parts.ts";
import type { LastSweep } from "../../lib/data/requests.ts";
import { Home } from "../support/host.ts";
import { fakeKnownStack, fakePlace, settingsWith } from "../support/live-stack.ts";

let home: Home;
beforeEach(() => {
  home = new Home();
  vi.stubEnv("NO_COLOR", "1");
  vi.stubEnv("FORCE_COLOR", undefined);
});
afterEach(() => home.dispose());

const report = { at: "2026-01-02T03:04:05.678Z", size: 1000, room: 2 ** 40, inFlight: 0, orphaned: [], ended: 0 };

async function janitorLine(lastSweep: LastSweep | undefined): Promise<string | undefined> {
  const host = fakePlace({ lastSweep: async () => lastSweep });
  const found = await reportsOf(fakeKnownStack({ places: { host } }));
  return found.filter(({ name }) => name === "janitor").map(partLine)[0];
}

test("the janitor's line has its last sweep, or why that failed", async () => {
  const at = new Date(Date.now() - 3 * 60_000).toISOString();
  expect(await janitorLine(undefined)).toBe("runs: the fake janitor, no sweep yet");
  expect(await janitorLine({ at })).toBe("runs: the fake janitor, last sweep 3 minutes ago");
  expect(await janitorLine({ at, report: { ...report, rows: { runs: 2, events: 3 } } })).toBe(
    "runs: the fake janitor, last sweep 3 minutes ago, removed 5 rows",
  );
  expect(await janitorLine({ at, failed: "there is no history at /data/main.db yet" })).toBe(
    "runs: the fake janitor, its last sweep failed: there is no history at /data/main.db yet",
  );
});

test("a part whose place cannot be asked does not run, and says why", async () => {
  const host = fakePlace({ state: () => Promise.reject(new Error("docker: it is down")) });
  const [server] = await reportsOf(fakeKnownStack({ places: { host } }));
  expect(server).toMatchObject({
    name: "server",
    isRunning: false,
    what: "the fake server",
    detail: "docker: it is down",
  });
});

test("an app of the user's own is reported by its address", async () => {
  const values = { runtime: "external", workerUrl: "http://127.0.0.1:1/api/inngest" };
  const found = await reportsOf(fakeKnownStack({ values, places: { host: fakePlace() } }));
  expect(found.at(-1)).toEqual({
    name: "worker",
    isRunning: false,
    what: "your app at http://127.0.0.1:1/api/inngest",
  });
});

test("a scheduled backup has the time of its newest, and is overdue when two are missing", () => {
  const settings = settingsWith({ backupDir: home.data, backupEvery: "1h" });
  expect(lastBackupOf(settings)).toBeUndefined();
  mkdirSync(home.data, { recursive: true });
  for (const time of ["20260102T030405Z", "20260101T000000Z"])
    writeFileSync(join(home.data, `mine-${time}.tar.gz`), "");
  expect(lastBackupOf(settings)).toBe("2026-01-02T03:04:05.000Z");
  const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
  expect(isOverdue(settings, ago(1.9))).toBe(false);
  expect(isOverdue(settings, ago(2.1))).toBe(true);
});
