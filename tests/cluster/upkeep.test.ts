// Proves backup, restore, move and the janitor on a real cluster, with the real engine, server and Redis. The one node
// here enforces no NetworkPolicy (tests/unit/plan-kubernetes.test.ts has them) and has the claims on its own disk: that
// a pod comes to the server's node is not proved. Age is made by a limit of seconds in the place of days.
import type { ChildProcess } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
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
} from "../../tools/kubernetes.ts";
import { eventually, TestStack } from "../../tools/test-stack.ts";
import { docker, leftovers } from "../support/containers.ts";
import { notingSource } from "../support/noting-source.ts";

const found = await clusterOrReason();
const reason = "reason" in found ? found.reason : await missing("docker");

describe.skipIf(reason)(title("upkeep, tier kubernetes", reason), () => {
  let source: TestStack;
  let stack: TestStack;
  let kubectl: Kubectl;
  let notes: Notes;
  let forward: ChildProcess;
  let namespace: string;
  const inStack = (...args: string[]) => kubectl(["--namespace", namespace, ...args]);
  const reachableApi = async (of: TestStack) => {
    const api = await of.api();
    await eventually(30_000, async () => expect(await api.isHealthy()).toBe(true));
    return api;
  };

  beforeAll(async () => {
    if (!("cluster" in found)) return;
    const { context, kubeconfig } = found.cluster;
    kubectl = kubectlOn(found.cluster);
    notes = new Notes(kubectl, schema.queueImage.default);
    ({ source, forward } = await notingSource(found.cluster, notes));
    stack = await TestStack.create(
      "kubernetes",
      {
        kubeContext: context,
        ...(kubeconfig ? { kubeconfig } : {}),
        workerImage: notingWorkerImage,
        workerEnv: notes.workerEnv,
        exposure: "nodePort",
        nodePort: String(30_000 + Math.floor(Math.random() * 2_700)),
      },
      source,
    );
    stack.writeSettings();
    namespace = `inngest-${stack.name}`;
    await source.up();
  });

  afterAll(async () => {
    await source?.destroy();
    await stack?.remove();
    for (const volume of leftovers(source.name).volumes) docker("volume", "rm", volume);
    kubectl?.(["delete", "namespace", namespace, "--ignore-not-found", "--wait=false"]);
    forward?.kill();
    notes?.remove();
  });

  /** Starts runs, and waits until each of them is asleep. */
  async function fallAsleep(of: TestStack, prefix: string, nap: number): Promise<string[]> {
    const api = await reachableApi(of);
    const { eventKey } = await of.outputs();
    return await notes.fallAsleep(prefix, nap, (name, data) => api.send(eventKey, { name, data }));
  }

  const move = (to: TestStack, ...flags: string[]) =>
    source.projectCommand("move", "--from", source.name, "--to", to.name, ...flags);

  async function isAsItShouldBe(): Promise<void> {
    await stack.refresh();
    expect(await stack.changes()).toEqual([]);
    const pods = inStack("get", "pods", "--output", "name").trim().split("\n");
    expect(pods.filter((pod) => pod.includes("upkeep"))).toEqual([]);
  }

  test("a stack of containers moves into the cluster with keys, history and runs in flight", async () => {
    const before = await source.outputs();
    const claims = join(source.dataFolder, "worker", "claims");
    mkdirSync(claims, { recursive: true });
    writeFileSync(join(claims, "claim"), "large");
    const asked = await move(stack);
    expect([asked.exitCode, String(asked.all)]).toEqual([
      2,
      `no terminal to ask on: say --yes to move stack ${source.name}, although claims in ${claims} are left behind, ` +
        "and runs in flight that need them will fail",
    ]);
    const runs = await fallAsleep(source, "moved", 60_000);
    const { exitCode, all } = await move(stack, "--yes");
    expect(exitCode, String(all)).toBe(0);
    expect(String(all)).toMatch(/Moved \d+ runs, [5-9] of them in flight/);
    stack.keepSettings();
    const after = await stack.outputs();
    expect([after.signingKey, after.eventKey]).toEqual([before.signingKey, before.eventKey]);
    await notes.endWell(runs);
    await isAsItShouldBe();
  }, 420_000);

  let asleep: string[];

  test("a job of the janitor's removes what has ended, and leaves alone what is in flight", async () => {
    asleep = await fallAsleep(stack, "asleep", 180_000);
    const swept = janitorRound(kubectl, namespace, { database: "/data/main.db", days: 30 });
    expect(swept.rows?.function_runs).toBeGreaterThanOrEqual(5);
    expect(swept.inFlight).toBeGreaterThanOrEqual(5);
    expect(swept.orphaned).toBe(0);
    const said = await stack.command("retention", "--json");
    expect(said.exitCode, String(said.all)).toBe(0);
    expect(JSON.parse(String(said.stdout)).inFlight).toBeGreaterThanOrEqual(5);
  });

  test("a backup brings everything back after namespace and claims are gone, and no finished step runs again", async () => {
    const { exitCode, stdout, all } = await stack.command("backup", "--json", "--to", join(stack.home, "backups"));
    expect(exitCode, String(all)).toBe(0);
    const taken = JSON.parse(String(stdout)) as Backup;
    expect(taken.unfinished).toBeGreaterThanOrEqual(5);
    expect(taken.held).toBeLessThan(4000);
    const before = await stack.outputs();
    await stack.destroy();
    kubectl(["delete", "namespace", namespace, "--wait", "--timeout=120s"]);
    expect(asleep.map((run) => notes.of(run))).toEqual(asleep.map(() => ["1", "2"]));

    const restored = await stack.command("restore", taken.file);
    expect(restored.exitCode, String(restored.all)).toBe(0);
    expect(String(restored.all)).toContain(`${taken.unfinished} of them in flight`);
    const after = await stack.outputs();
    expect([after.signingKey, after.eventKey]).toEqual([before.signingKey, before.eventKey]);
    await notes.endWell(asleep);
    await isAsItShouldBe();
  }, 600_000);

  test("another version of the server is asked in the cluster, and comes with runs in flight", async () => {
    if (!("cluster" in found)) return;
    const image = nextServerImage(found.cluster);
    const wrong = await stack.command("upgrade", "--to", "9.0.1", "--image", image);
    expect([wrong.exitCode, String(wrong.all)]).toEqual([1, `${image} must be the server 9.0.1, and it says "9.0.0"`]);
    const runs = await fallAsleep(stack, "over", 20_000);
    const { exitCode, all } = await stack.command("upgrade", "--to", "9.0.0", "--image", image);
    expect(exitCode, String(all)).toBe(0);
    stack.keepSettings();
    expect(String(all)).toMatch(/Stack \S+ is at server 9\.0\.0; it was 1\.\d+\.\d+\. Backup \S+\.tar\.gz$/);
    expect(inStack("exec", "inngest-0", "--container=inngest", "--", "inngest", "version").trim()).toBe("9.0.0");
    await notes.endWell(runs);
  }, 300_000);

  test("what a killed command has left stopped comes back by the next `up`", async () => {
    inStack("scale", "deployment/gateway", "statefulset/inngest", "--replicas=0");
    await stack.up("--refresh");
    await reachableApi(stack);
  });
});
