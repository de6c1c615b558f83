import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { writePrivateFile } from "../../lib/data/private-file.ts";
import { cleanEnvironment, isRunning, startDetached, stopGroup } from "../../lib/host/processes.ts";
import { readRecord } from "../../lib/host/records.ts";
import { untilResolved } from "../../lib/wait.ts";
import { loadImages, pauseOnDocker, removeContainers } from "./images.ts";
import {
  addresses,
  createConfiguration,
  daemons,
  kubeconfigFile,
  logsFolder,
  nodeName,
  stateFolder,
} from "./layout.ts";
import { buildParts, part } from "./parts.ts";

export { contextName, kubeconfigFile } from "./layout.ts";

/** Number of volumes on the node. There is no dynamic provisioning. */
const volumeCount = 60;

/** Whether the node is up and ready. */
export function clusterIsUp(): boolean {
  try {
    return existsSync(kubeconfigFile) && kubectl("get", "node", nodeName).includes(" Ready");
  } catch {
    return false;
  }
}

/** Builds missing parts and starts a node that is empty except for its images. Does nothing if the node is up. */
export async function clusterUp(): Promise<void> {
  buildParts();
  if (clusterIsUp()) return;
  await clusterDown();
  mkdirSync(logsFolder, { recursive: true, mode: 0o700 });
  ip("link", "add", addresses.nodeLink, "type", "bridge");
  ip("address", "add", `${addresses.node}/32`, "dev", addresses.nodeLink);
  ip("link", "set", addresses.nodeLink, "up");
  for (const [file, content] of createConfiguration()) writeFileSync(file, content, { mode: 0o600 });

  await start("etcd", "containerd");
  await start("kube-apiserver");
  loadImages([pauseOnDocker()]);
  await waitUntil("the API server responds", () => kubectl("get", "--raw", "/readyz"));
  await start("kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "coredns");
  kubectlApply([storageClass(), ...Array.from({ length: volumeCount }, (_, index) => volume(index))]);
  await waitUntil("the node is ready", () => {
    if (!clusterIsUp()) throw new Error(kubectl("get", "node"));
  });
}

/** Stops the node with everything that runs on it, and reverts its changes to the machine's network. */
export async function clusterDown(): Promise<void> {
  if (!existsSync(stateFolder)) return;
  await stop("kubelet", "coredns", "kube-scheduler", "kube-controller-manager", "kube-proxy");
  removeContainers();
  await stop("kube-apiserver", "etcd", "containerd");
  runIgnoringErrors(part("kube-proxy"), "--cleanup");
  for (const link of [addresses.nodeLink, addresses.bridge]) runIgnoringErrors("ip", "link", "delete", link);
  for (const mount of mountsUnder(stateFolder)) runIgnoringErrors("umount", "--lazy", mount);
  rmSync(stateFolder, { recursive: true, force: true });
}

/** PIDs of the running daemons, by name. */
export function daemonPids(): Record<string, number> {
  const running = (Object.keys(daemons) as Daemon[]).flatMap((name) => {
    const record = readRecord(recordFile(name));
    return isRunning(record) ? [[name, record.pid] as const] : [];
  });
  return Object.fromEntries(running);
}

function kubectl(...args: string[]): string {
  const fixed = ["--kubeconfig", kubeconfigFile, "--request-timeout", "5s"];
  return execFileSync(part("kubectl"), [...fixed, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

function kubectlApply(items: object[]): void {
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  execFileSync(part("kubectl"), ["--kubeconfig", kubeconfigFile, "create", "-f", "-"], { input, stdio: "pipe" });
}

type Daemon = keyof typeof daemons;

async function start(...names: Daemon[]): Promise<void> {
  for (const name of names) {
    const log = join(logsFolder, `${name}.log`);
    const environment = { ...cleanEnvironment(), PATH: `${runtimePath()}:${process.env.PATH}` };
    const { release, ...record } = await startDetached([part(name), ...daemons[name]], {
      cwd: stateFolder,
      log,
      environment,
    });
    writePrivateFile(recordFile(name), JSON.stringify(record));
    release();
  }
}

/** The folders where containerd looks up its shim and runc by name. */
function runtimePath(): string {
  return [part("containerd-shim-runc-v2"), part("runc")].map(dirname).join(":");
}

async function stop(...names: Daemon[]): Promise<void> {
  for (const name of names) {
    const record = readRecord(recordFile(name));
    if (isRunning(record)) await stopGroup(record, 10);
  }
}

function recordFile(name: Daemon): string {
  return join(stateFolder, "run", `${name}.json`);
}

/** @throws {Error} when `attempt` still throws after a minute */
async function waitUntil(condition: string, attempt: () => unknown): Promise<void> {
  await untilResolved({ seconds: 60 }, async () => attempt()).catch((cause: unknown) => {
    throw new Error(`waited 60 s until ${condition}. The logs are in ${logsFolder}`, { cause });
  });
}

function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: "pipe" });
}

/** Runs a cleanup command, which fails if there is nothing to clean up. */
function runIgnoringErrors(command: string, ...args: string[]): void {
  try {
    execFileSync(command, args, { stdio: "ignore" });
  } catch {}
}

/** Mount points below a folder, innermost first. */
function mountsUnder(folder: string): string[] {
  return readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .flatMap((line) => line.split(" ")[1] ?? [])
    .filter((path) => path.startsWith(`${folder}/`))
    .reverse();
}

function storageClass() {
  return {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "standard", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: "kubernetes.io/no-provisioner",
    volumeBindingMode: "WaitForFirstConsumer",
  };
}

function volume(index: number) {
  const path = join(stateFolder, "volumes", String(index));
  // Kubernetes does not apply fsGroup to hostPath volumes, so every user must be able to write to them.
  mkdirSync(path, { recursive: true });
  execFileSync("chmod", ["0777", path]);
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: `volume-${index}` },
    spec: {
      capacity: { storage: "100Gi" },
      accessModes: ["ReadWriteOnce"],
      persistentVolumeReclaimPolicy: "Retain",
      storageClassName: "standard",
      hostPath: { path },
    },
  };
}
