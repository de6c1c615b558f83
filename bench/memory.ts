import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { clusterUp, daemonPids } from "../tests/support/cluster/node.ts";
import { clusterOrReason, workerImage } from "../tests/support/kubernetes.ts";
import { TestStack } from "../tests/support/test-stack.ts";
import { type Report, type Result, report } from "./measure.ts";

/** Seconds that a stack rests before it is looked at. */
const rest = 20;

/** Memory of the tier `kubernetes` on the tests' own node over that of the tier `docker`, both with worker and queue. */
export async function run(): Promise<Report> {
  const found = await clusterOrReason();
  if ("reason" in found) throw new Error(found.reason);
  await clusterUp();
  const { context, kubeconfig } = found.cluster;
  const inCluster = { kubeContext: context, ...(kubeconfig ? { kubeconfig } : {}), workerImage, protectData: "false" };
  const onDocker = { workerPlacement: "container", protectData: "false" };
  const pods = await stackMemory("kubernetes", inCluster, "containerd.sock");
  const containers = await stackMemory("persistent", onDocker, "docker");
  const node = sum(Object.values(daemonPids()));
  const docker = sum(
    pidsOf((command) => /\/(dockerd|containerd)( |$)|^dockerd/.test(command) && !command.includes("inngest-local")),
  );
  const result = (name: string, ours: number, baseline: number): Result => ({
    case: name,
    unit: "MB",
    ours,
    baseline,
    ratio: Math.round((ours / baseline) * 100) / 100,
    rounds: 1,
  });
  return report(
    "memory",
    `Proportional memory after ${rest} s of rest. Ours: tier kubernetes on a node of one's own (etcd, control plane, kubelet, ` +
      "proxy, DNS, containerd). Baseline: tier docker. The programs of a stack are the same on both.",
    [
      result("the cluster itself, against Docker's engine", node, docker),
      result("server, queue and worker", pods, containers),
      result("together", node + pods, docker + containers),
    ],
  );
}

/** Megabytes of what a stack runs, whose parents are the shims of the engine that `mark` names. */
async function stackMemory(like: string, settings: Record<string, string>, mark: string): Promise<number> {
  const stack = await TestStack.create(like, settings);
  try {
    const before = new Set(containerProcesses(mark));
    await stack.up();
    await sleep(rest * 1000);
    return sum(containerProcesses(mark).filter((pid) => !before.has(pid)));
  } finally {
    await stack.remove();
  }
}

function containerProcesses(mark: string): number[] {
  const shims = new Set(pidsOf((command) => command.includes("containerd-shim") && command.includes(mark)));
  const processes = execFileSync("ps", ["-eo", "pid=,ppid="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
  const inside = new Set(shims);
  // Children come after their parents often, but not always.
  for (let size = 0; size !== inside.size; ) {
    size = inside.size;
    for (const [pid, parent] of processes) if (inside.has(parent)) inside.add(pid);
  }
  return [...inside];
}

function pidsOf(matches: (command: string) => boolean): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return matches(readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " "));
      } catch {
        return false;
      }
    });
}

/** Megabytes; memory that processes share counts once. */
function sum(pids: number[]): number {
  const kilobytes = pids.map((pid) => {
    try {
      return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0);
    } catch {
      return 0;
    }
  });
  return Math.round(kilobytes.reduce((total, each) => total + each, 0) / 1024);
}
