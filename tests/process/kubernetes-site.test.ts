// Proves what backup, restore and move do in a cluster, and that no secret is on a command line or in a pod. kubectl is
// a script here, and a pod a folder, in which the real scripts run; the real ones are for tests/cluster/upkeep.test.ts.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Snapshot } from "../../lib/data/requests.ts";
import { kubernetesSite } from "../../lib/places/kubernetes-site.ts";
import type { Site } from "../../lib/places/site.ts";

let cluster: string;
let site: Site;
beforeEach(() => {
  cluster = mkdtempSync(join(tmpdir(), "cluster-"));
  for (const folder of ["bin", "work", "data", "home"]) mkdirSync(join(cluster, folder));
  const program = resolve("tests/support/kubectl.ts");
  const script = `#!/bin/sh\nexec ${process.execPath} ${program} "$@"\n`;
  writeFileSync(join(cluster, "bin", "kubectl"), script, { mode: 0o755 });
  vi.stubEnv("PATH", `${join(cluster, "bin")}:${process.env.PATH}`);
  vi.stubEnv("CLUSTER", cluster);
  // Where processes of a stack on this machine are looked for.
  vi.stubEnv("XDG_DATA_HOME", join(cluster, "home"));
  write({ scaled: Object.fromEntries(Object.entries(running).map(([owner, replicas]) => [owner, { replicas }])) });
  site = kubernetesSite("s", {
    kind: "kubernetes",
    context: "mine",
    namespace: "ns",
    image: "node:1",
    history: { claim: "c" },
  });
});
afterEach(() => rmSync(cluster, { recursive: true }));

const running = { "statefulset/queue": 1, "statefulset/inngest": 1, "deployment/worker": 3, "deployment/gateway": 1 };
const write = (state: object) => writeFileSync(join(cluster, "cluster.json"), JSON.stringify(state));
const scaled = () => {
  const state = JSON.parse(readFileSync(join(cluster, "cluster.json"), "utf8")).scaled;
  return Object.fromEntries(Object.entries(state).map(([owner, of]) => [owner, (of as { replicas: number }).replicas]));
};
const told = () => readFileSync(join(cluster, "told"), "utf8").trim().split("\n");
const pod = () => JSON.parse(readFileSync(join(cluster, "pod.json"), "utf8"));

function makeHistory(): void {
  const database = new DatabaseSync(join(cluster, "data", "main.db"));
  database.exec(
    "PRAGMA journal_mode = WAL; CREATE TABLE events (internal_id); CREATE TABLE function_finishes (run_id)",
  );
  database.exec("CREATE TABLE function_runs (run_id); CREATE TABLE trace_runs (run_id, status)");
  database.close();
}

describe("a script", () => {
  test("runs in a pod that mounts the claim beside the server, and its files come here", async () => {
    makeHistory();
    const files = join(cluster, "home", "files");
    mkdirSync(files);
    const taken = await site.run<Snapshot>("snapshot", { database: site.database }, files);
    expect(taken.counts).toEqual({ events: 0, function_finishes: 0, function_runs: 0, trace_runs: 0 });
    expect(readdirSync(files)).toEqual(["history.db"]);
    const { metadata, spec } = pod();
    expect(metadata.labels).toMatchObject({ "app.kubernetes.io/component": "upkeep" });
    expect(spec).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 1000,
        fsGroup: 1000,
        seccompProfile: { type: "RuntimeDefault" },
      },
      affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [expect.anything()] } },
      containers: [
        {
          image: "node:1",
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
        },
      ],
    });
    expect(spec.volumes[0]).toEqual({ name: "data", persistentVolumeClaim: { claimName: "c" } });
    expect(told().at(-1)).toMatch(/^delete pod\/upkeep-1 /);
  });

  test("finds the files that it is given, and no copy of them comes back", async () => {
    makeHistory();
    const files = join(cluster, "home", "files");
    mkdirSync(files);
    writeFileSync(join(files, "history.db"), "restored");
    await site.run("restore", { database: site.database, previous: site.aside("replaced") }, files);
    expect(readFileSync(join(cluster, "data", "main.db"), "utf8")).toBe("restored");
    expect(existsSync(join(cluster, "data", "replaced", "main.db"))).toBe(true);
    expect(told().filter((line) => line.startsWith("cp"))).toHaveLength(2);
  });

  test("is on no server's node when there is none", async () => {
    await site.stop();
    await site.run("inspect", { database: site.database });
    expect(pod().spec).not.toHaveProperty("affinity");
  });

  test("that fails says why, as it words it, and leaves no pod; its order is on no command line", async () => {
    makeHistory();
    const order = { database: site.database, queueUrl: "redis://:hunter2@127.0.0.1:1" };
    await expect(site.run("inspect", order)).rejects.toThrow(/^no Redis answers at 127\.0\.0\.1:1 \(.*\)$/);
    expect(told().at(-1)).toMatch(/^delete pod\/upkeep-1 /);
    expect(told().join("\n") + JSON.stringify(pod())).not.toContain("hunter2");
  });

  test.each([
    [
      {
        phase: "Pending",
        containerStatuses: [{ state: { waiting: { reason: "ErrImagePull", message: "not found" } } }],
      },
      "ErrImagePull: not found",
    ],
    [
      { phase: "Pending", conditions: [{ type: "PodScheduled", status: "False", message: "0/1 nodes are available" }] },
      "0/1 nodes are available",
    ],
    [{ phase: "Failed" }, "it is Failed"],
  ])("whose pod does not come up: %j", async (podStatus, why) => {
    write({ scaled: {}, podStatus });
    const message = `a pod of \`upkeepImage\` node:1 does not run in namespace ns: ${why}`;
    await expect(site.run("inspect", {})).rejects.toThrow(message);
    expect(told().at(-1)).toMatch(/^delete pod\/upkeep-1 /);
  });
});

test("what is stopped comes back in the number that it had, also when the command that stopped it was killed", async () => {
  await site.closeDoor();
  await site.stop();
  await site.stopWorker();
  await site.stopQueue();
  expect(Object.values(scaled())).toEqual([0, 0, 0, 0]);
  expect(told()).toContain("delete jobs,pods --selector=app.kubernetes.io/component=janitor --ignore-not-found");
  // The next one stops it again before it starts it.
  await site.stop();
  await site.stopWorker();
  await site.start();
  expect(scaled()).toEqual(running);
  const state = JSON.parse(readFileSync(join(cluster, "cluster.json"), "utf8")).scaled;
  expect(Object.values(state).map((of) => (of as { annotations: object }).annotations)).toEqual([{}, {}, {}, {}]);
});

test("a stack without queue and worker in the cluster has neither stopped nor started", async () => {
  write({ scaled: { "statefulset/inngest": { replicas: 1 }, "deployment/gateway": { replicas: 1 } } });
  await site.stop();
  await site.stopWorker();
  await site.stopQueue();
  await site.start();
  expect(scaled()).toEqual({ "statefulset/inngest": 1, "deployment/gateway": 1 });
});

test("the server says its version, and that of an image is asked in the cluster, which has to get it", async () => {
  expect(await site.serverVersion()).toBe("1.43.0-abc");
  expect(await site.versionIn?.("inngest/inngest:v9.0.0")).toBe("9.0.0");
  expect(pod().spec.containers[0]).toMatchObject({
    image: "inngest/inngest:v9.0.0",
    command: ["inngest", "version"],
    env: [{ name: "DO_NOT_TRACK", value: "1" }],
  });
});
