// Proves janitor, backup, restore, upgrade and move of the tier cluster on a real cluster, with the real engine,
// server, Postgres and Redis. Both stacks are on the one node here, and its CNI enforces no NetworkPolicy
// (tests/unit/plan-kubernetes.test.ts has them). The next version is the same server that says another number: what a
// migration does is not proved.
import type { ChildProcess } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Backup } from "../../cli/lib/backup/take.ts";
import { schema } from "../../lib/settings/schema.ts";
import { missing, title } from "../../tools/engine.ts";
import {
  clusterOrReason,
  janitorRound,
  type Kubectl,
  kubectlOn,
  Notes,
  nextServerImage,
  notingWorkerImage,
  sendThrough,
} from "../../tools/kubernetes.ts";
import { TestStack } from "../../tools/test-stack.ts";
import { docker, leftovers } from "../support/containers.ts";
import { notingSource } from "../support/noting-source.ts";

const found = await clusterOrReason();
const reason = "reason" in found ? found.reason : await missing("docker");

describe.skipIf(reason)(title("upkeep, tier cluster", reason), () => {
  let source: TestStack;
  let stack: TestStack;
  let target: TestStack;
  let forward: ChildProcess;
  let kubectl: Kubectl;
  let notes: Notes;
  const namespaceOf = ({ name }: TestStack) => `inngest-${name}`;
  const inStack = (...args: string[]) => kubectl(["--namespace", namespaceOf(stack), ...args]);
  const pods = (part: string) =>
    inStack("get", "pods", `--selector=app.kubernetes.io/component=${part}`, "--output=name")
      .split("\n")
      .filter(Boolean);
  const send = (name: string, data: Record<string, unknown>) => sendThrough(stack, name, data);
  const fallAsleep = (prefix: string, nap: number) => notes.fallAsleep(prefix, nap, send);
  const psql = ["psql", "--username=inngest", "--dbname=inngest", "--tuples-only", "--no-align", "--command"];
  const backup = async (folder: string): Promise<Backup> => {
    const { exitCode, stdout, all } = await stack.command("backup", "--json", "--to", join(stack.home, folder));
    expect(exitCode, String(all)).toBe(0);
    return JSON.parse(String(stdout)) as Backup;
  };

  beforeAll(async () => {
    if (!("cluster" in found)) return;
    const { context, kubeconfig } = found.cluster;
    kubectl = kubectlOn(found.cluster);
    notes = new Notes(kubectl, schema.queueImage.default);
    const settings = {
      kubeContext: context,
      ...(kubeconfig ? { kubeconfig } : {}),
      workerImage: notingWorkerImage,
      workerEnv: notes.workerEnv,
    };
    ({ source, forward } = await notingSource(found.cluster, notes));
    stack = await TestStack.create("cluster", settings, source);
    target = await TestStack.create("cluster", settings, source);
    for (const each of [stack, target]) each.writeSettings();
    await source.up();
  });

  afterAll(async () => {
    await source?.destroy();
    await target?.destroy();
    await stack?.remove();
    for (const each of [stack, target]) {
      if (each) kubectl(["delete", "namespace", namespaceOf(each), "--ignore-not-found", "--wait=false"]);
    }
    if (source) for (const volume of leftovers(source.name).volumes) docker("volume", "rm", volume);
    forward?.kill();
    notes?.remove();
  });

  test("a stack of containers moves in, out of SQLite, with keys, history and runs in flight", async () => {
    const before = await source.outputs();
    const api = await source.api();
    const sendToSource: typeof send = (name, data) => api.send(before.eventKey, { name, data });
    await notes.endWell(await notes.begin("past", 1000, sendToSource));
    const runs = await notes.fallAsleep("moved-in", 90_000, sendToSource);
    const { exitCode, all } = await stack.projectCommand("move", "--from", source.name, "--to", stack.name, "--yes");
    expect(exitCode, String(all)).toBe(0);
    expect(String(all)).toMatch(/Moved \d+ runs, [5-9] of them in flight/);
    stack.keepSettings();
    const after = await stack.outputs();
    expect([after.signingKey, after.eventKey]).toEqual([before.signingKey, before.eventKey]);
    await notes.endWell(runs);
    const ended = "select count(*) from function_runs join function_finishes using (run_id) where status = 'Completed'";
    expect(Number(inStack("exec", "database-0", "--", ...psql, ended))).toBeGreaterThanOrEqual(10);
  }, 420_000);

  let asleep: string[];

  test("a job of the janitor's removes what has ended, and leaves alone what is in flight", async () => {
    await notes.endWell(await notes.begin("ended", 1000, send));
    asleep = await fallAsleep("asleep", 150_000);
    const swept = janitorRound(kubectl, namespaceOf(stack), { database: { psql: "/work" }, days: 30 });
    expect(swept.rows?.function_runs).toBeGreaterThanOrEqual(5);
    expect(swept.inFlight).toBeGreaterThanOrEqual(5);
    expect(swept.orphaned).toBe(0);
    const said = await stack.command("retention", "--json");
    expect(said.exitCode, String(said.all)).toBe(0);
    expect(JSON.parse(String(said.stdout)).inFlight).toBeGreaterThanOrEqual(5);
  });

  test("a backup brings everything back after namespace and claims are gone, and no finished step runs again", async () => {
    const taken = await backup("backups");
    expect(taken.unfinished).toBeGreaterThanOrEqual(5);
    expect(taken.held).toBeLessThan(4000);
    const before = await stack.outputs();
    await stack.destroy();
    kubectl(["delete", "namespace", namespaceOf(stack), "--wait", "--timeout=120s"]);
    expect(asleep.map((run) => notes.of(run))).toEqual(asleep.map(() => ["1", "2"]));
    const restored = await stack.command("restore", taken.file);
    expect(restored.exitCode, String(restored.all)).toBe(0);
    expect(String(restored.all)).toContain(`${taken.unfinished} of them in flight`);
    const after = await stack.outputs();
    expect([after.signingKey, after.eventKey]).toEqual([before.signingKey, before.eventKey]);
    await notes.endWell(asleep);
    expect(pods("server")).toHaveLength(2);
    expect(pods("upkeep")).toEqual([]);
    await stack.refresh();
    expect(await stack.changes()).toEqual([]);
  }, 600_000);

  test("a restore over newer data is refused, and with --force keeps what it replaces, from which it comes back", async () => {
    const folder = join(stack.home, "backups");
    const file = join(folder, readdirSync(folder)[0] as string);
    const refused = await stack.command("restore", file);
    expect(refused.exitCode).toBe(1);
    expect(String(refused.all)).toMatch(
      /has newer data: its last run or event came \S+, and the backup shows \S+\. Remedy: --force/,
    );
    const runs = await fallAsleep("later", 100_000);
    const taken = await backup("later");
    const forced = await stack.command("restore", file, "--force");
    expect(forced.exitCode, String(forced.all)).toBe(0);
    const [, aside] = /What it had before is in (replaced-\w+)\./.exec(String(forced.all)) ?? [];
    const kept = inStack("exec", "database-0", "--", ...psql, `select count(*) from "${aside}".function_runs`);
    expect(Number(kept)).toBeGreaterThanOrEqual(taken.counts.function_runs as number);
    const again = await stack.command("restore", taken.file, "--force");
    expect(again.exitCode, String(again.all)).toBe(0);
    await notes.endWell(runs);
  }, 600_000);

  test("its backup and a move are refused where history is in SQLite, before anything is done", async () => {
    const { file } = await backup("foreign");
    const refused = await source.command("restore", file);
    expect([refused.exitCode, String(refused.all)]).toEqual([
      1,
      `the backup's history is of Postgres, and stack ${source.name} keeps its own in SQLite (tier docker), which does not ` +
        "take it in. Remedy: a stack of tier cluster",
    ]);
    const moved = await stack.projectCommand("move", "--from", stack.name, "--to", source.name);
    expect([moved.exitCode, String(moved.all)]).toEqual([
      1,
      `stack ${stack.name} is of tier cluster, whose history is in Postgres, and that of ${source.name} is a SQLite file, which ` +
        "does not take it in. Remedy: --to a stack of tier cluster",
    ]);
  });

  test("another version of the servers comes with runs in flight, after a backup", async () => {
    if (!("cluster" in found)) return;
    const image = nextServerImage(found.cluster);
    const runs = await fallAsleep("over", 20_000);
    const { exitCode, all } = await stack.command("upgrade", "--to", "9.0.0", "--image", image);
    expect(exitCode, String(all)).toBe(0);
    stack.keepSettings();
    expect(String(all)).toMatch(/Stack \S+ is at server 9\.0\.0; it was 1\.\d+\.\d+\. Backup \S+\.tar\.gz$/);
    await notes.endWell(runs);
  }, 300_000);

  test("all of it moves into another stack of the tier, which has another Postgres", async () => {
    const before = await stack.outputs();
    const runs = await fallAsleep("moved", 120_000);
    const { exitCode, all } = await stack.projectCommand("move", "--from", stack.name, "--to", target.name);
    expect(exitCode, String(all)).toBe(0);
    expect(String(all)).toMatch(/Moved \d+ runs, [5-9] of them in flight/);
    target.keepSettings();
    const after = await target.outputs();
    expect([after.signingKey, after.eventKey]).toEqual([before.signingKey, before.eventKey]);
    await notes.endWell(runs);
    expect(pods("server")).toEqual([]);
  }, 600_000);
});
