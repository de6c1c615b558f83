// Real Pulumi CLI, server, Redis and worker, and the service that backs up, without a supervisor: what brings a service
// back after a reboot is for supervision-systemd.test.ts and supervision-launchd.test.ts, and this one is one of them.
// Does not prove: days between two backups, and a backend beyond this machine.
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Backup } from "../../cli/lib/backup/take.ts";
import { readRecord } from "../../lib/host/records.ts";
import { finished, marks, startFiveRuns } from "../../tools/durable-worker.ts";
import { missing, title } from "../../tools/engine.ts";
import { stackWithQueue } from "../../tools/own-redis.ts";
import { eventually, passphrase, type TestStack } from "../../tools/test-stack.ts";
import { everyCommandLine, initialEnvironment } from "../support/leaks.ts";
import { complaints } from "../support/verdicts.ts";

const reason = await missing("pulumi", "inngest", "redis");

describe.skipIf(reason)(title("backups by themselves, process tier", reason), () => {
  let stack: TestStack;
  let folder: string;
  beforeAll(async () => {
    ({ stack } = await stackWithQueue());
    folder = join(stack.home, "backups");
  });
  afterAll(async () => {
    await stack.remove();
  });
  /** What is being taken has another name until it is checked. */
  const files = () =>
    readdirSync(folder)
      .filter((name) => name.endsWith(".tar.gz"))
      .sort();
  const log = () => readFileSync(join(stack.dataFolder, "logs", "backup.log"), "utf8");
  const pid = () => readRecord(join(stack.dataFolder, "run", "backup.json"))?.pid as number;

  test.each(["daily", "5s"])("every %s is refused", async (every) => {
    const { exitCode, all } = await stack.command("backup", "--schedule", every);
    expect(exitCode).toBe(2);
    expect(String(all)).toContain("It must be a time such as 24h, 7d or 30m, from 10s to 9999d, or off.");
    expect(stack.settingsText()).not.toContain("backupEvery");
  });

  test("one comes as often as told, and only the newest stay", async () => {
    const { exitCode, stdout, all } = await stack.command(
      "backup",
      ...["--schedule", "10s", "--keep", "2", "--to", folder, "--json"],
    );
    expect(exitCode, String(all)).toBe(0);
    const { file, schedule } = JSON.parse(String(stdout)) as Backup & { schedule: object };
    expect(schedule).toEqual({ every: "10s", keep: 2, supervision: { by: "none", survives: expect.any(String) } });
    await startFiveRuns(stack, 20);
    await eventually(90_000, async () => {
      expect(files()).toHaveLength(2);
      expect(files()).not.toContain(basename(file));
    });
    expect(log()).not.toContain("failed");
    expect(log()).toMatch(/^\{"file":".*","serverVersion":/);
    const { stdout: told } = await stack.command("status", "--json");
    const { parts } = JSON.parse(String(told)) as { parts: { name: string }[] };
    expect(parts.find(({ name }) => name === "backup")).toMatchObject({
      isRunning: true,
      newest: expect.stringMatching(/^20\d\d-/),
    });
  });

  test("it finds the state as its user's own command does, and shows no secret of it", () => {
    const inherited = join(stack.dataFolder, "backup", "environment.json");
    expect(JSON.parse(readFileSync(inherited, "utf8"))).toMatchObject({ PULUMI_CONFIG_PASSPHRASE: passphrase });
    expect(statSync(inherited).mode & 0o777).toBe(0o600);
    const shown = [everyCommandLine(), initialEnvironment(pid()), log(), stack.settingsText()];
    expect(shown.filter((text) => text.includes(passphrase))).toEqual([]);
  });

  test("a backup that fails is logged, sent to the stack's functions, and tried again", async () => {
    rmSync(folder, { recursive: true });
    writeFileSync(folder, "in the way");
    await eventually(40_000, async () =>
      expect(log()).toContain(
        `backup failed; next attempt in 10 s: backups of stack ${stack.name} must go to a folder, and ${folder} cannot be made (EEXIST)`,
      ),
    );
    await eventually(10_000, async () => {
      const database = new DatabaseSync(join(stack.dataFolder, "server", "main.db"), { readOnly: true });
      const sent = database.prepare("SELECT event_data AS data FROM events WHERE event_name = 'health/degraded'").all();
      database.close();
      expect(JSON.stringify(sent)).toContain("backups of stack");
    });
    expect(await complaints(stack)).toContain("backup warning");
    rmSync(folder);
    await eventually(40_000, async () => expect(files().length).toBeGreaterThan(0));
  });

  test("the last one brings everything back, the schedule too", async () => {
    const last = files().at(-1) as string;
    const before = pid();
    const { exitCode, all } = await stack.command("restore", join(folder, last), "--force");
    expect(exitCode, String(all)).toBe(0);
    await eventually(60_000, async () => expect(finished(stack)).toBe(5));
    expect(Object.entries(marks(stack)).filter(([mark, n]) => !mark.endsWith("slow-begins") && n > 1)).toEqual([]);
    expect(pid()).not.toBe(before);
    await eventually(90_000, async () => expect(files()).not.toContain(last));
  });

  test("off ends it, and what it has taken stays", async () => {
    const { exitCode, all } = await stack.command("backup", "--schedule", "off");
    expect(String(all)).toBe(`Stack ${stack.name} is no longer backed up automatically. Its backups stay in ${folder}`);
    expect(exitCode).toBe(0);
    expect(existsSync(join(stack.dataFolder, "run", "backup.json"))).toBe(false);
    expect(existsSync(join(stack.dataFolder, "backup", "environment.json"))).toBe(false);
    expect(files().length).toBeGreaterThan(0);
  });
});
