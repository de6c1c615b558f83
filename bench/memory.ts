import { setTimeout as sleep } from "node:timers/promises";
import { clusterOrReason } from "../tools/kubernetes.ts";
import { clusterUp, daemonPids } from "../tools/local-cluster/node.ts";
import { TestStack } from "../tools/test-stack.ts";
import { clusterSettings } from "./support/cluster.ts";
import { type LocalInngest, recipeAndTiers, sidesOf } from "./support/local-inngest.ts";
import { figure, interleave, type Report, type Result, report, valuesOf } from "./support/measure.ts";
import { memoryOf, pidsMatching, processTree } from "./support/processes.ts";

/** Seconds between the start of the programs and the measurement at rest. */
const restSeconds = 10;
const burst = 300;
/** Megabytes that the tier may take in addition to the recipe. */
const allowance = 40;

interface Sample {
  idle: number;
  busy: number;
  worker: number;
}

/** Memory of a tier's server, queue and database against the recipe's, at rest and in a burst, and of a cluster. */
export async function run(rounds: number): Promise<Report> {
  const { recipe, ...tiers } = await interleave("memory", rounds, sidesOf(recipeAndTiers, sample));
  const row = (name: string, samples: Sample[], key: keyof Sample) =>
    figure(name, "MB", valuesOf(samples, key), valuesOf(recipe, key), rounds);
  const allowed = valuesOf(recipe, "idle").map((memory) => memory + allowance);
  return report(
    "memory",
    `Proportional memory (a shared page counts once) ${restSeconds} s after the start, and the maximum during a burst of ${burst} runs. ` +
      "Without the worker, which is the same everywhere. Baseline: the recipe's server; where the row says so, plus " +
      `${allowance} MB. The Kubernetes node is etcd, control plane, kubelet, proxy, DNS and containerd. Says nothing about days of work, ` +
      "nor about Docker Desktop's virtual machine.",
    [
      ...Object.entries(tiers).flatMap(([name, samples]) => [
        row(`${name}, at rest`, samples, "idle"),
        row(`${name}, in a burst`, samples, "busy"),
      ]),
      figure(
        `persistent, at rest, against the recipe and ${allowance} MB`,
        "MB",
        valuesOf(tiers.persistent, "idle"),
        allowed,
        rounds,
        { target: { bound: "at most", ratio: 1 } },
      ),
      row("worker", tiers.persistent, "worker"),
      ...(await clusterAgainstDocker(rounds)),
    ],
  );
}

async function sample(inngest: LocalInngest): Promise<Sample> {
  await sleep(restSeconds * 1000);
  const idle = memoryOf(inngest.enginePids());
  let [busy, done] = [idle, false];
  const completed = inngest.completed(await inngest.send("one", burst), 120_000).finally(() => {
    done = true;
  });
  while (!done) {
    busy = Math.max(busy, memoryOf(inngest.enginePids()));
    await sleep(200);
  }
  await completed;
  return { idle, busy, worker: memoryOf(inngest.programs.pids("worker")) };
}

/** The cost of a Kubernetes node against Docker, and of a stack's programs on either, on machines that have both. */
async function clusterAgainstDocker(rounds: number): Promise<Result[]> {
  const found = await clusterOrReason();
  if ("reason" in found) {
    process.stderr.write(`memory: skipping the cluster: ${found.reason}\n`);
    return [];
  }
  await clusterUp();
  const inCluster = clusterSettings(found.cluster);
  const onDocker = { workerPlacement: "container", protectData: "false" };
  const { pods, containers } = await interleave("memory of containers", rounds, {
    pods: async () => ({
      stack: await stackMemory("kubernetes", inCluster, "containerd.sock"),
      engine: memoryOf(Object.values(daemonPids())),
    }),
    containers: async () => ({
      stack: await stackMemory("persistent", onDocker, "docker"),
      engine: memoryOf(pidsMatching(isDockerDaemon)),
    }),
  });
  const row = (name: string, key: "stack" | "engine") =>
    figure(name, "MB", valuesOf(pods, key), valuesOf(containers, key), rounds);
  return [
    row("a Kubernetes node, against Docker's engine", "engine"),
    row("server, queue and worker in pods, against containers", "stack"),
  ];
}

/** Docker's daemons, without the containerd of this project's own node. */
function isDockerDaemon(command: string): boolean {
  return /\/(dockerd|containerd)( |$)|^dockerd/.test(command) && !command.includes("inngest-local");
}

/** Megabytes of a stack's containers. `socket` is what the command lines of that engine's containerd shims contain. */
async function stackMemory(like: string, settings: Record<string, string>, socket: string): Promise<number> {
  const stack = await TestStack.create(like, settings);
  try {
    const before = new Set(containerProcesses(socket));
    await stack.up();
    await sleep(restSeconds * 1000);
    return memoryOf(containerProcesses(socket).filter((pid) => !before.has(pid)));
  } finally {
    await stack.remove();
  }
}

function containerProcesses(socket: string): number[] {
  return processTree(pidsMatching((command) => command.includes("containerd-shim") && command.includes(socket)));
}
