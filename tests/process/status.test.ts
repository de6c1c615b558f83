// What status makes of a janitor: of its log, of a job's status, and of a stack's settings; and where pods' logs are.
// That a real janitor has made a round is for tests/integration/verify-process.test.ts and
// tests/integration/verify-docker.test.ts.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { backupOf, isOverdue, lastBackupOf } from "../../cli/lib/last-backup.ts";
import { janitorOf, roundIn, roundOfJob } from "../../cli/lib/last-sweep.ts";
import type { LiveStack } from "../../cli/lib/live-stack.ts";
import { logCommandOf } from "../../cli/lib/service-log.ts";
import { Home } from "../support/host.ts";

const swept = { at: "2026-01-02T03:04:05.678Z", size: 1000, room: 2 ** 40, inFlight: 0, orphaned: 0, ended: 0 };
const line = (changes: object = {}) => JSON.stringify({ ...swept, ...changes });
const failure = "this round failed, and is tried again: there is no history at /data/main.db yet";

test("the last round is the last that its log tells of", () => {
  expect(roundIn("")).toBeUndefined();
  expect(roundIn("warning: there is little room\n")).toBeUndefined();
  expect(roundIn(`${failure}\n${line({ rows: { runs: 2, events: 3 }, bytes: 1 })}\nwarning: so it is\n`)).toEqual({
    at: swept.at,
    removed: 5,
    alarms: [],
  });
  expect(roundIn(`${line()}\n${failure}\n`)).toEqual({
    failed: "there is no history at /data/main.db yet",
    alarms: [],
  });
});

test("its alarms are the warnings of that round", () => {
  expect(roundIn(line({ room: 0, orphaned: 3 }))?.alarms).toEqual([
    "only 0.0 GB free on the disk of the history, which takes 0.0 GB. Remedy: free some disk space, or shorten `retention`",
    expect.stringMatching(
      /^orphaned runs, which never end because the queue has lost them: 3\. Remedy: npm run retention/,
    ),
  ]);
});

test("a job's last round is the last that succeeded, unless one has failed since", () => {
  const [early, late] = ["2026-01-02T03:17:00Z", "2026-01-02T04:17:00Z"];
  expect(roundOfJob({})).toBeUndefined();
  expect(roundOfJob({ lastScheduleTime: early, lastSuccessfulTime: late })).toEqual({ at: late, alarms: [] });
  expect(roundOfJob({ active: [{}], lastScheduleTime: late, lastSuccessfulTime: early })).toEqual({
    at: early,
    alarms: [],
  });
  expect(roundOfJob({ lastScheduleTime: late, lastSuccessfulTime: early })).toEqual({
    at: early,
    failed: `the job of ${late} did not succeed`,
    alarms: [],
  });
});

test.each([
  ["process", {}, "process of the janitor"],
  ["docker", { durable: "true" }, "container inngest-mine-janitor"],
  ["docker", { durable: "false" }, undefined],
  ["kubernetes", {}, "cron job janitor"],
  ["cluster", {}, "cron job janitor"],
  ["process", { retention: "off" }, undefined],
])("on tier %s with %j it is %s", (tier, settings, what) => {
  const stack = { name: "mine", tier, settings: { retention: "30d", ...settings } } as unknown as LiveStack;
  expect(janitorOf(stack)?.what).toBe(what);
});

test("a scheduled backup is a part with the age of its newest, and is overdue after two rounds without one", async () => {
  const home = new Home();
  const stack = (settings: object) => ({ name: "mine", settings: { backupDir: home.data, ...settings } }) as never;
  expect(backupOf(stack({}))).toBeUndefined();
  expect(backupOf(stack({ backupEvery: "off" }))).toBeUndefined();
  expect(backupOf(stack({ backupEvery: "1h" }))?.what).toBe("process of the scheduled backup");
  mkdirSync(home.data, { recursive: true });
  expect(lastBackupOf(stack({}))).toBeUndefined();
  for (const time of ["20260102T030405Z", "20260101T000000Z"])
    writeFileSync(join(home.data, `mine-${time}.tar.gz`), "");
  expect(lastBackupOf(stack({}))).toBe("2026-01-02T03:04:05.000Z");
  const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
  expect(isOverdue(stack({ backupEvery: "1h" }), ago(1.9))).toBe(false);
  expect(isOverdue(stack({ backupEvery: "1h" }), ago(2.1))).toBe(true);
  expect(isOverdue(stack({ backupEvery: "1h" }), undefined)).toBe(false);
  await home.dispose();
});

test("what pods have written is asked of the cluster that the settings name, and of pods that are there", async () => {
  const home = new Home();
  const kubectl = home.command("kubectl", 'case "$*" in *=queue*) ;; *) echo pod/there ;; esac');
  vi.stubEnv("PATH", `${kubectl}:${process.env.PATH}`);
  const settings = {
    tier: "cluster",
    dataDir: home.data,
    dockerContext: undefined,
    kubeContext: "mine",
    kubeconfig: "/k",
  };
  expect((await logCommandOf("mine", "server", settings, 5, true))?.join(" ")).toBe(
    `${kubectl}/kubectl --kubeconfig /k --context mine logs --namespace inngest-mine --selector ` +
      "app.kubernetes.io/component=server --tail=5 --all-containers --ignore-errors --max-log-requests=50 --follow",
  );
  expect(await logCommandOf("mine", "queue", settings, 5)).toBeUndefined();
  await home.dispose();
});
