// Proves what the driver of Kubernetes does to parts and data, and that no secret is on a command line or in a pod. kubectl
// is a script here, and a pod a folder, in which the real programs run; real ones are for tests/cluster/upkeep.test.ts.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { StackData } from "../../lib/places/data.ts";
import { reportIn, sweepOfJob } from "../../lib/places/kubernetes.ts";
import { kubernetesData } from "../../lib/places/kubernetes-data.ts";
import { StackParts } from "../../lib/places/places.ts";
import type { Part } from "../../lib/stack/parts.ts";
import { settingsWith } from "../support/live-stack.ts";

let cluster: string;
let parts: StackParts;
let data: StackData;
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
  const values = { tier: "kubernetes", kubeContext: "mine", workerPlacement: "container", workerImage: "w:1" };
  parts = new StackParts(settingsWith(values, [], "s"));
  data = kubernetesData({
    kind: "kubernetes",
    context: "mine",
    namespace: "inngest-s",
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

describe("a program next to the data", () => {
  test("runs in a pod that mounts the claim on the server's node, and its files come here", async () => {
    makeHistory();
    const files = join(cluster, "home", "files");
    mkdirSync(files);
    const taken = await data.runNextToData("snapshot", {}, files);
    expect("counts" in taken && taken.counts).toEqual({
      events: 0,
      function_finishes: 0,
      function_runs: 0,
      trace_runs: 0,
    });
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

  test("gets the files that it is given, and they are not copied back", async () => {
    makeHistory();
    const files = join(cluster, "home", "files");
    mkdirSync(files);
    writeFileSync(join(files, "history.db"), "restored");
    await data.runNextToData("restore", { previous: data.previousAt("replaced") }, files);
    expect(readFileSync(join(cluster, "data", "main.db"), "utf8")).toBe("restored");
    expect(existsSync(join(cluster, "data", "replaced", "main.db"))).toBe(true);
    expect(told().filter((line) => line.startsWith("cp"))).toHaveLength(2);
  });

  test("runs on any node when there is no server", async () => {
    await parts.stopWriters();
    await data.runNextToData("inspect", {});
    expect(pod().spec).not.toHaveProperty("affinity");
  });

  test("that fails says why in its own words, and leaves no pod; its request is on no command line", async () => {
    makeHistory();
    const request = { queueUrl: "redis://:hunter2@127.0.0.1:1" };
    await expect(data.runNextToData("inspect", request)).rejects.toThrow(/^no Redis answers at 127\.0\.0\.1:1 \(.*\)$/);
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
  ])("fails with the pod's reason when that does not start: %j", async (podStatus, why) => {
    write({ scaled: {}, podStatus });
    const message = `a pod of \`upkeepImage\` node:1 does not run in namespace inngest-s: ${why}`;
    await expect(data.runNextToData("inspect", {})).rejects.toThrow(message);
    expect(told().at(-1)).toMatch(/^delete pod\/upkeep-1 /);
  });
});

test("parts that were stopped come back with the replicas they had, also when the command that stopped them was killed", async () => {
  await parts.stop("gateway");
  await parts.stopWriters();
  await parts.stop("worker", "queue");
  expect(Object.values(scaled())).toEqual([0, 0, 0, 0]);
  expect(told()).toContain("delete jobs,pods --selector app.kubernetes.io/component=janitor --ignore-not-found");
  // The next command stops it again before it starts it.
  await parts.stopWriters();
  await parts.stop("worker");
  await parts.start();
  expect(scaled()).toEqual(running);
  const state = JSON.parse(readFileSync(join(cluster, "cluster.json"), "utf8")).scaled;
  expect(Object.values(state).map((of) => (of as { annotations: object }).annotations)).toEqual([{}, {}, {}, {}]);
});

test("parts that are not in the cluster are neither stopped nor started", async () => {
  write({ scaled: { "statefulset/inngest": { replicas: 1 }, "deployment/gateway": { replicas: 1 } } });
  await parts.stopWriters();
  await parts.stop("worker", "queue");
  await parts.start();
  expect(scaled()).toEqual({ "statefulset/inngest": 1, "deployment/gateway": 1 });
});

test("the server's version comes from its pod, and that of an image from a pod of its own", async () => {
  expect(await data.serverVersion()).toBe("1.43.0-abc");
  expect(await data.versionIn?.("inngest/inngest:v9.0.0")).toBe("9.0.0");
  expect(pod().spec.containers[0]).toMatchObject({
    image: "inngest/inngest:v9.0.0",
    command: ["inngest", "version"],
    env: [{ name: "DO_NOT_TRACK", value: "1" }],
  });
});

const serverPart = () => parts.all.find(({ name }) => name === "server") as Part;

test("logs are of pods that exist, in the cluster that the settings name", async () => {
  const server = serverPart();
  const logs = () => parts.placeOf(server).logs(server, { lines: 5, follow: true });
  expect((await logs())?.join(" ")).toBe(
    `${cluster}/bin/kubectl --context mine --namespace inngest-s logs --selector ` +
      "app.kubernetes.io/component=server --tail=5 --all-containers --ignore-errors --max-log-requests=50 --follow",
  );
  write({ scaled: {} });
  expect(await logs()).toBeUndefined();
});

test("a kill deletes the pods of one part at once", async () => {
  const server = serverPart();
  await parts.placeOf(server).kill(server);
  expect(told()).toEqual([
    "delete pod --selector app.kubernetes.io/component=server --grace-period=0 --force --wait=true",
  ]);
});

test("a job's last sweep is the last that succeeded, unless one has failed since", () => {
  const [early, late] = ["2026-01-02T03:17:00Z", "2026-01-02T04:17:00Z"];
  expect(sweepOfJob({})).toBeUndefined();
  expect(sweepOfJob({ lastScheduleTime: early, lastSuccessfulTime: late })).toEqual({ at: late });
  expect(sweepOfJob({ active: [{}], lastScheduleTime: late, lastSuccessfulTime: early })).toEqual({ at: early });
  expect(sweepOfJob({ lastScheduleTime: late, lastSuccessfulTime: early })).toEqual({
    at: late,
    failed: "its job did not succeed",
  });
});

test("a job's report is the last line of JSON in its log", () => {
  const report = { at: "2026-01-02T03:04:05.678Z", size: 1000, inFlight: 0, orphaned: 2, ended: 0 };
  expect(reportIn("warning: there is little room")).toBeUndefined();
  const log = [JSON.stringify({ ...report, at: "before" }), JSON.stringify(report), "warning: so it is"].join("\n");
  expect(reportIn(log)).toEqual({ at: report.at, report: { ...report, orphaned: ["", ""] } });
});
