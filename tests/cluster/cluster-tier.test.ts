// Proves the tier `cluster` on a real cluster: several servers on one Postgres and one Redis. All pods are on one node
// here, and no metrics server runs, so that spreading over nodes and scaling by load are proved by their objects only.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectionsPerServer } from "../../lib/render/postgres-connections.ts";
import { schema } from "../../lib/settings/schema.ts";
import { title } from "../../tools/engine.ts";
import {
  clusterOrReason,
  type Kubectl,
  kubectlOn,
  Notes,
  notingWorkerImage,
  sendThrough,
} from "../../tools/kubernetes.ts";
import { eventually, TestStack } from "../../tools/test-stack.ts";

const found = await clusterOrReason();
const reason = "reason" in found ? found.reason : undefined;

describe.skipIf(reason)(title("tier cluster", reason), () => {
  let stack: TestStack;
  let kubectl: Kubectl;
  let notes: Notes;
  let namespace: string;
  const inStack = (...args: string[]) => kubectl(["--namespace", namespace, ...args]);
  const servers = () => names("server");
  /** Pods of a part that run and have not been told to stop. */
  const names = (part: string) => {
    const selector = ["--selector", `app.kubernetes.io/component=${part}`];
    const { items } = JSON.parse(inStack("get", "pods", ...selector, "--output", "json")) as {
      items: { metadata: { name: string; deletionTimestamp?: string }; status: { phase: string } }[];
    };
    return items
      .filter(({ metadata, status }) => status.phase === "Running" && !metadata.deletionTimestamp)
      .map(({ metadata }) => metadata.name);
  };

  beforeAll(async () => {
    if (!("cluster" in found)) return;
    const { context, kubeconfig } = found.cluster;
    kubectl = kubectlOn(found.cluster);
    notes = new Notes(kubectl, schema.queueImage.default);
    stack = await TestStack.create("cluster", {
      kubeContext: context,
      ...(kubeconfig ? { kubeconfig } : {}),
      workerImage: notingWorkerImage,
      workerEnv: notes.workerEnv,
    });
    namespace = `inngest-${stack.name}`;
  });

  afterAll(async () => {
    await stack?.remove();
    kubectl?.(["delete", "namespace", namespace, "--ignore-not-found", "--wait=false"]);
    notes?.remove();
  });

  const send = (name: string, data: Record<string, unknown>) => sendThrough(stack, name, data);

  /** Waits until a load and the `count` runs that it starts have ended. */
  async function ends(load: string, count: number): Promise<void> {
    const runs = [load, ...Array.from({ length: count }, (_, index) => `${load}-${index}`)];
    await eventually(150_000, async () => {
      const open = notes.unfinished(runs);
      if (open.length > 0) throw new Error(`not ended: ${open.join(", ")}`);
      await sleep(500);
    });
  }

  test("comes up from nothing, migrated by one server before the others start", async () => {
    await stack.up();
    expect(servers()).toHaveLength(2);
    const times = (path: string, ...of: string[]) =>
      inStack("get", ...of, "--output", `jsonpath={${path}}`)
        .split(" ")
        .map(Date.parse);
    const migration = ["--selector", "app.kubernetes.io/component=migration"];
    const [migrated] = times(".items[0].status.completionTime", "jobs", ...migration);
    for (const started of times(
      ".items[*].metadata.creationTimestamp",
      "pods",
      "--selector",
      "app.kubernetes.io/component=server",
    )) {
      expect(started).toBeGreaterThanOrEqual(migrated as number);
    }
  });

  test("is as it should be: no changes, also after a refresh", async () => {
    await eventually(60_000, async () => {
      if (names("worker").length < 2) throw new Error("the autoscaler has not made its least two workers yet");
    });
    expect(await stack.changes()).toEqual([]);
    await stack.refresh();
    expect(await stack.changes()).toEqual([]);
  });

  test("loses nothing while its servers are replaced one by one, under load", async () => {
    await send("noted/load", { run: "rolled", rounds: 20, each: 3 });
    await sleep(4_000);
    const before = servers();
    inStack("rollout", "restart", "deployment/inngest");
    inStack("rollout", "status", "deployment/inngest", "--timeout=120s");
    expect(servers().filter((pod) => before.includes(pod))).toEqual([]);
    await ends("rolled", 60);
  });

  test("loses nothing when a server is killed under load", async () => {
    await send("noted/load", { run: "killed", rounds: 15, each: 3 });
    await sleep(6_000);
    inStack("delete", "pod", servers()[0] as string, "--force", "--grace-period=0");
    await ends("killed", 45);
  });

  test("opens no more connections to Postgres than its share", () => {
    const count = "select count(*) from pg_stat_activity where usename = 'inngest' and client_addr is not null";
    const psql = ["psql", "--username=inngest", "--dbname=inngest", "--tuples-only", "--command", count];
    const connections = Number(inStack("exec", "database-0", "--", ...psql));
    expect(connections).toBeGreaterThan(0);
    expect(connections).toBeLessThanOrEqual(2 * connectionsPerServer(2));
  });

  test("fires a cron once a minute, with two servers and with three", async () => {
    const minutes = () => [...new Set(notes.ticks().map((tick) => tick.split(" ")[0] as string))];
    const oneMore = async () => {
      const known = minutes().length;
      await eventually(75_000, async () => {
        if (minutes().length <= known) throw new Error(`ticks so far: ${notes.ticks().join(", ")}`);
      });
    };
    await oneMore();
    stack.set("replicas", 3);
    await stack.up();
    expect(servers()).toHaveLength(3);
    await oneMore();
    await oneMore();
    // A second run of the same minute would come at once.
    await sleep(5_000);
    // A step that was cut off notes its run again.
    const ticks = [...new Set(notes.ticks())];
    expect(ticks.length, ticks.join(", ")).toBe(minutes().length);
    const span = (Date.parse(`${minutes().at(-1)}Z`) - Date.parse(`${minutes()[0]}Z`)) / 60_000 + 1;
    expect(minutes()).toHaveLength(span);
  }, 420_000);

  test("takes the database on again under another password", async () => {
    await stack.destroy();
    await stack.up();
    expect(servers()).toHaveLength(3);
  });
});
