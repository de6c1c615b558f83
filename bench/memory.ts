import { setTimeout as sleep } from "node:timers/promises";
import { clusterOrReason, workerImage } from "../tools/kubernetes.ts";
import { clusterUp, daemonPids } from "../tools/local-cluster/node.ts";
import { TestStack } from "../tools/test-stack.ts";
import { type Lab, recipeAndTiers, sidesOf } from "./support/lab.ts";
import { figure, interleave, type Report, type Result, report } from "./support/measure.ts";
import { memoryOf, pidsOf, processTree } from "./support/processes.ts";

/** Seconds that programs rest before they are looked at. */
const rest = 10;
const burst = 300;
/** Megabytes that the tier may have over the recipe. */
const allowance = 40;

/** Memory of a tier's server, queue and database against the recipe's, at rest and in a burst, and of a cluster. */
export async function run(rounds: number): Promise<Report> {
  const { recipe, ...tiers } = await interleave("memory", rounds, sidesOf(recipeAndTiers, sample));
  const of = (samples: Sample[], key: keyof Sample) => samples.map((each) => each[key]);
  const allowed = of(recipe, "idle").map((each) => each + allowance);
  return report(
    "memory",
    `Proportional memory (pages that processes share count once) ${rest} s after the start, and the most that was seen in a burst ` +
      `of ${burst} runs. Without the worker, which is the same everywhere. Baseline: the recipe's server; where it says so, that ` +
      `and ${allowance} MB. A node of one's own is etcd, control plane, kubelet, proxy, DNS and containerd. ` +
      "Says nothing of days of work, nor of Docker Desktop's virtual machine.",
    [
      ...Object.entries(tiers).flatMap(([name, samples]) => [
        figure(`${name}, at rest`, "MB", of(samples, "idle"), of(recipe, "idle"), rounds),
        figure(`${name}, in a burst`, "MB", of(samples, "busy"), of(recipe, "busy"), rounds),
      ]),
      figure(
        `persistent, at rest, against the recipe and ${allowance} MB`,
        "MB",
        of(tiers.persistent, "idle"),
        allowed,
        rounds,
        {
          target: { bound: "at most", ratio: 1 },
        },
      ),
      figure("worker", "MB", of(tiers.persistent, "worker"), of(recipe, "worker"), rounds),
      ...(await clusterOverDocker(rounds)),
    ],
  );
}

interface Sample {
  idle: number;
  busy: number;
  worker: number;
}

async function sample(lab: Lab): Promise<Sample> {
  await sleep(rest * 1000);
  const idle = memoryOf(lab.enginePids());
  let [busy, done] = [idle, false];
  const ended = lab.ended(await lab.send("one", burst), 120_000).finally(() => {
    done = true;
  });
  while (!done) {
    busy = Math.max(busy, memoryOf(lab.enginePids()));
    await sleep(200);
  }
  await ended;
  return { idle, busy, worker: memoryOf(lab.programs.pids("worker")) };
}

/** What a node of one's own costs over Docker, on machines that have both; the stacks' own programs on either. */
async function clusterOverDocker(rounds: number): Promise<Result[]> {
  const found = await clusterOrReason();
  if ("reason" in found) {
    process.stderr.write(`memory: no figures of a cluster: ${found.reason}\n`);
    return [];
  }
  await clusterUp();
  const { context, kubeconfig } = found.cluster;
  const inCluster = { kubeContext: context, ...(kubeconfig ? { kubeconfig } : {}), workerImage, protectData: "false" };
  const onDocker = { workerPlacement: "container", protectData: "false" };
  const samples = await interleave("memory of containers", rounds, {
    pods: async () => ({
      stack: await stackMemory("kubernetes", inCluster, "containerd.sock"),
      engine: memoryOf(Object.values(daemonPids())),
    }),
    containers: async () => ({
      stack: await stackMemory("persistent", onDocker, "docker"),
      engine: memoryOf(
        pidsOf((command) => /\/(dockerd|containerd)( |$)|^dockerd/.test(command) && !command.includes("inngest-local")),
      ),
    }),
  });
  const row = (name: string, key: "stack" | "engine") => {
    const of = (side: keyof typeof samples) => samples[side].map((each) => each[key]);
    return figure(name, "MB", of("pods"), of("containers"), rounds);
  };
  return [
    row("a node of one's own, against Docker's engine", "engine"),
    row("server, queue and worker in pods, against containers", "stack"),
  ];
}

/** Megabytes of what a stack runs, whose parents are the shims of the engine that `mark` names. */
async function stackMemory(like: string, settings: Record<string, string>, mark: string): Promise<number> {
  const stack = await TestStack.create(like, settings);
  try {
    const before = new Set(containerProcesses(mark));
    await stack.up();
    await sleep(rest * 1000);
    return memoryOf(containerProcesses(mark).filter((pid) => !before.has(pid)));
  } finally {
    await stack.remove();
  }
}

function containerProcesses(mark: string): number[] {
  return processTree(pidsOf((command) => command.includes("containerd-shim") && command.includes(mark)));
}
