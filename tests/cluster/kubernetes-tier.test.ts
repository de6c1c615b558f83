// Proves the tier `kubernetes` on a real cluster, with the real engine, server and Redis. The one node here enforces no
// NetworkPolicy: which traffic they allow is tests/unit/plan-kubernetes.test.ts'. Pods are deleted, not nodes.
import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { schema } from "../../lib/settings/schema.ts";
import { title } from "../../tools/engine.ts";
import {
  clusterOrReason,
  type Kubectl,
  kubectlOn,
  Notes,
  notingWorkerImage,
  workerImage,
} from "../../tools/kubernetes.ts";
import { contextName } from "../../tools/local-cluster/layout.ts";
import { eventually, TestStack } from "../../tools/test-stack.ts";
import { ask } from "../support/gateway.ts";
import { answers, table, toldOrigins } from "../support/gateway-matrix.ts";
import { Traffic, untilNoneIsLeft } from "../support/traffic.ts";
import { complaints, verified } from "../support/verdicts.ts";

const found = await clusterOrReason();
const reason = "reason" in found ? found.reason : undefined;

describe.skipIf(reason)(title("tier kubernetes", reason), () => {
  let stack: TestStack;
  let kubectl: Kubectl;
  let notes: Notes;
  let namespace: string;
  const nodePort = String(30_000 + Math.floor(Math.random() * 2_700));
  const inStack = (...args: string[]) => kubectl(["--namespace", namespace, ...args]);
  /** The server's API once the node's port is open: a node opens it a moment after the Service's pods are ready. */
  const reachableApi = async () => {
    const api = await stack.api();
    await eventually(30_000, async () => {
      if (!(await api.isHealthy())) throw new Error("the node's port does not answer");
    });
    return api;
  };

  beforeAll(async () => {
    if (!("cluster" in found)) return;
    const { context, kubeconfig } = found.cluster;
    kubectl = kubectlOn(found.cluster);
    notes = new Notes(kubectl, schema.queueImage.default);
    stack = await TestStack.create("kubernetes", {
      kubeContext: context,
      ...(kubeconfig ? { kubeconfig } : {}),
      workerImage,
      workerEnv: notes.workerEnv,
      exposure: "nodePort",
      nodePort,
    });
    namespace = `inngest-${stack.name}`;
  });

  afterAll(async () => {
    await stack?.remove();
    kubectl?.(["delete", "namespace", namespace, "--ignore-not-found", "--wait=false"]);
    notes?.remove();
  });

  test("comes up from nothing, and the worker's pod finishes the chain", async () => {
    await stack.up();
    await reachableApi();
    const { workerUrl } = await stack.outputs();
    const data = { url: `${workerUrl}/healthz`, outputPath: "first.json" };
    await stack.completes({ name: "task/process", data }, ["process-task", "record-task", "relay-gateway"]);
  });

  test("is as it should be: no changes, also after a refresh", async () => {
    expect(await stack.changes()).toEqual([]);
    await stack.refresh();
    expect(await stack.changes()).toEqual([]);
  });

  test("leaves no port-forward and no key behind", async () => {
    expect(execFileSync("ps", ["-eo", "args"], { encoding: "utf8" })).not.toContain(`--namespace ${namespace}`);
    const { signingKey, eventKey } = await stack.outputs();
    const state = await stack.exportedState();
    for (const key of [signingKey, eventKey]) expect(state + stack.printed).not.toContain(key);
  });

  test("verify --disruptive passes: pods are deleted under runs, and the server's is made anew", async () => {
    // A round of the janitor's that met a killed Redis would have failed until the next hour.
    const suspend = (value: boolean) =>
      inStack("patch", "cronjob", "janitor", "--patch", JSON.stringify({ spec: { suspend: value } }));
    suspend(true);
    const { checks } = await verified(stack, "--disruptive", "--force").finally(() => suspend(false));
    expect(checks.filter(({ status }) => status === "failed")).toEqual([]);
    expect(checks.filter(({ status }) => status === "skipped").map(({ id }) => id)).toEqual(["reboot"]);
  }, 900_000);

  test("doctor complains of nothing, and of a Service named inngest when there is one", async () => {
    expect(await complaints(stack)).toEqual([]);
    inStack("create", "service", "clusterip", "inngest", "--tcp=8288");
    expect(await complaints(stack)).toEqual(["service-links broken"]);
    inStack("delete", "service", "inngest");
  });

  test("lets through the gateway who may pass, and nobody by another name", async () => {
    await reachableApi();
    const outputs = await stack.outputs();
    const port = Number(nodePort);
    for (const [method, path, statuses] of table) {
      const found = await answers(port, method, path, outputs);
      expect(
        Object.values(found).map(({ status }) => status),
        `${method} ${path}`,
      ).toEqual(statuses);
      expect(Object.values(found).flatMap(toldOrigins), `${method} ${path}`).toEqual([]);
      expect((await ask(port, method, path, { host: "evil.example" })).status).toBe(421);
    }
  });

  test("enforces the standard `restricted` on whatever else comes into its namespace", () => {
    expect(() => inStack("run", "rogue", "--image=rogue")).toThrow(/violates PodSecurity "restricted/);
  });

  test("journals SQLite by write-ahead log, in a file of the claim", () => {
    const header = inStack(
      "exec",
      "inngest-0",
      "--container",
      "inngest",
      "--",
      "sh",
      "-c",
      "head -c 20 /data/main.db | od -An -tu1",
    );
    expect(header.trim().split(/\s+/).slice(18)).toEqual(["2", "2"]);
  });

  test("another worker image is rolled out alone, and its functions replace the old ones", async () => {
    stack.set("workerImage", notingWorkerImage);
    expect((await stack.changes()).map(({ op, resource }) => `${op} ${resource}`).sort()).toEqual([
      "update command:local:Command::registration-sync",
      "update kubernetes:apps/v1:Deployment::worker-pods",
    ]);
    await stack.up();
    const functions = await (await stack.api()).functions("noted");
    expect(functions.map(({ id }) => id).sort()).toEqual(["chain", "every-minute", "load", "one"]);
  });

  test("keys change under 20 events a second: nothing is lost, nothing unsigned is taken", async () => {
    await reachableApi();
    const before = await stack.outputs();
    const traffic = new Traffic(stack, { port: Number(nodePort), event: "noted/one" });
    await traffic.start();
    // A Service's address leads to its pods from the node alone; from elsewhere nothing answers.
    const onNode = "cluster" in found && found.cluster.context === contextName;
    const worker = inStack("get", "service", "worker", "--output", "jsonpath={.spec.clusterIP}:{.spec.ports[0].port}");
    traffic.forge(`http://${worker}`);
    const { exitCode, all } = await stack.command("keys", "rotate");
    await traffic.stop();
    expect(exitCode, all).toBe(0);
    console.log({ sent: traffic.accepted.size, tries: traffic.tries, forged: traffic.forged });
    expect(traffic.accepted.size).toBeGreaterThan(300);
    expect(Object.keys(traffic.forged).filter((came) => !/ (401|no answer)$/.test(came))).toEqual([]);
    if (onNode) expect(traffic.forged["forged 401"]).toBeGreaterThan(30);
    expect(notes.of("forged")).toEqual([]);
    await untilNoneIsLeft(() => notes.unfinished([...traffic.accepted.keys()]));
    const after = await stack.outputs();
    expect(after.signingKey).not.toBe(before.signingKey);
    const event = { name: "noted/one", data: { run: "late" } };
    await expect((await reachableApi()).send(before.eventKey, event)).rejects.toThrow("HTTP 401");
  }, 900_000);

  const startOf = (pod: string) =>
    inStack("get", "pod", pod, "--output", "jsonpath={.status.containerStatuses[0].state.running.startedAt}");
  const pods = { server: "inngest-0", queue: "queue-0", worker: "worker" };
  const rounds: (keyof typeof pods)[][] = [
    ["server"],
    ["queue"],
    ["worker"],
    ["server", "worker"],
    ["server", "queue", "worker"],
    ["worker"],
    ["queue"],
    ["server"],
    ["queue", "worker"],
    ["server", "queue", "worker"],
  ];
  test("pods deleted in mid-run, alone and together, ten rounds: every run ends, no finished step runs again", async () => {
    const { eventKey } = await stack.outputs();
    for (const [round, victims] of rounds.entries()) {
      const runs = Array.from({ length: 5 }, (_, index) => `round${round}-${index}`);
      const api = await reachableApi();
      for (const run of runs) {
        // As senders do, again under the same id: a Caddy before 2.11.2, as Debian's, refuses an event with which its first
        // connection does not reach the server (caddyserver/caddy#7546).
        await eventually(60_000, () => api.send(eventKey, { id: run, name: "noted/chain", data: { run } }));
      }
      await sleep(1_500 + 300 * round);
      inStack("delete", "pod", "--wait=false", "--selector", `app.kubernetes.io/component in (${victims.join(",")})`);
      await eventually(110_000, async () => {
        const open = notes.unfinished(runs);
        if (open.length > 0) throw new Error(`${victims.join(" and ")} deleted, not ended: ${open.join(", ")}`);
        await sleep(500);
      });
      // A step that is cut off begins again; one that was followed by another has ended and does not.
      for (const run of runs)
        expect(notes.of(run).filter((step, index, all) => step !== all[index - 1])).toEqual([
          "1",
          "2",
          "3",
          "4",
          "end",
        ]);
      await eventually(60_000, async () => {
        // Not all pods: one of the janitor's hourly job that has ended is never ready again.
        const parts = "app.kubernetes.io/component in (server,queue,worker,gateway)";
        // One that was deleted counts as ready until it has gone, and answers no more while it goes.
        const deleted = "jsonpath={.items[*].metadata.deletionTimestamp}";
        expect(inStack("get", "pods", "--selector", parts, "--output", deleted)).toBe("");
        // A server whose Redis goes away ends (1.43.0), which takes it until its steps have; then it starts again.
        expect(startOf("inngest-0") >= startOf("queue-0"), "the server runs since its queue does").toBe(true);
        inStack("wait", "--for=condition=Ready", "pod", "--selector", parts, "--timeout=1s");
      });
    }
  }, 900_000);

  test("destroy leaves the data claims, and the next `up` takes them on again", async () => {
    const api = await reachableApi();
    const before = (await api.runs(100)).length;
    expect(before).toBeGreaterThan(0);
    await stack.destroy();
    await eventually(60_000, async () => {
      const left = inStack("get", "all", "--output", "name").trim();
      if (left !== "") throw new Error(`still there: ${left}`);
    });
    expect(inStack("get", "pvc", "--output", "name").trim().split("\n")).toEqual([
      "persistentvolumeclaim/queue-data",
      "persistentvolumeclaim/server-data",
    ]);
    await stack.up();
    expect((await (await reachableApi()).runs(100)).length).toBeGreaterThanOrEqual(Math.min(before, 100));
  });

  test("the trap: where a Service is called inngest, service links change the server's port", async () => {
    const trap = `${namespace}-trap`;
    const pod = (name: string, enableServiceLinks: boolean) => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: trap },
      spec: {
        enableServiceLinks,
        restartPolicy: "Never",
        containers: [
          {
            name: "see",
            image: schema.serverImage.default,
            imagePullPolicy: "IfNotPresent",
            command: ["sh", "-c", "echo port=$INNGEST_PORT"],
          },
        ],
      },
    });
    kubectl(["create", "namespace", trap]);
    try {
      kubectl(["--namespace", trap, "wait", "--for=create", "serviceaccount/default", "--timeout=60s"]);
      kubectl(["--namespace", trap, "create", "service", "clusterip", "inngest", "--tcp=8288"]);
      for (const object of [pod("linked", true), pod("ours", false)])
        kubectl(["create", "-f", "-"], JSON.stringify(object));
      const said = (name: string) =>
        eventually(30_000, async () => {
          const text = kubectl(["--namespace", trap, "logs", name]).trim();
          if (text === "") throw new Error("nothing yet");
          return text;
        });
      expect(await said("linked")).toMatch(/^port=tcp:\/\//);
      expect(await said("ours")).toBe("port=");
    } finally {
      kubectl(["delete", "namespace", trap, "--wait=false"]);
    }
  });
});
