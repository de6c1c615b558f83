import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cleanEnvironment, isRunning, startDetached, stopGroup } from "../../lib/host/processes.ts";
import { readRecord, writePrivateFile } from "../../lib/host/records.ts";
import { loadImages, removeContainers } from "./images.ts";
import { addresses, configuration, daemons, kubeconfigFile, logsFolder, nodeName, stateFolder } from "./layout.ts";
import { buildParts, part } from "./parts.ts";

export { contextName, kubeconfigFile } from "./layout.ts";

/** Volumes that the node has to give; nothing makes new ones. */
const volumes = 60;

/** Whether the node is up and ready. */
export function clusterIsUp(): boolean {
  try {
    return existsSync(kubeconfigFile) && kubectl("get", "node", nodeName).includes(" Ready");
  } catch {
    return false;
  }
}

/** Builds what is missing and starts a node that has forgotten everything but its images. No change when it is up. */
export async function clusterUp(): Promise<void> {
  buildParts();
  if (clusterIsUp()) return;
  await clusterDown();
  mkdirSync(logsFolder, { recursive: true, mode: 0o700 });
  ip("link", "add", addresses.nodeLink, "type", "bridge");
  ip("address", "add", `${addresses.node}/32`, "dev", addresses.nodeLink);
  ip("link", "set", addresses.nodeLink, "up");
  for (const [file, content] of configuration()) writeFileSync(file, content, { mode: 0o600 });

  await start("etcd", "containerd");
  await start("kube-apiserver");
  loadImages({ pause: true });
  await until("the API server answers", () => kubectl("get", "--raw", "/readyz"));
  await start("kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "coredns");
  kubectlApply([storageClass(), ...Array.from({ length: volumes }, (_, index) => volume(index))]);
  await until("the node is ready", () => {
    if (!clusterIsUp()) throw new Error(kubectl("get", "node"));
  });
}

/** Stops the node with everything that runs in it, and undoes what it did to the machine's network. */
export async function clusterDown(): Promise<void> {
  if (!existsSync(stateFolder)) return;
  await stop("kubelet", "coredns", "kube-scheduler", "kube-controller-manager", "kube-proxy");
  removeContainers();
  await stop("kube-apiserver", "etcd", "containerd");
  quietly(part("kube-proxy"), "--cleanup");
  for (const link of [addresses.nodeLink, addresses.bridge]) quietly("ip", "link", "delete", link);
  for (const mount of mountsUnder(stateFolder)) quietly("umount", "--lazy", mount);
  rmSync(stateFolder, { recursive: true, force: true });
}

/** Process ids of the node's own daemons, by name. */
export function daemonPids(): Record<string, number> {
  const running = (Object.keys(daemons) as Daemon[]).flatMap((name) => {
    const record = readRecord(recordOf(name));
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
    // Debian's containerd finds the shim and runc by name.
    const environment = { ...cleanEnvironment(), PATH: `${layoutPath()}:${process.env.PATH}` };
    const { release, ...mark } = await startDetached([part(name), ...daemons[name]], {
      cwd: stateFolder,
      log,
      environment,
    });
    writePrivateFile(recordOf(name), JSON.stringify(mark));
    release();
  }
}

function layoutPath(): string {
  return [part("containerd-shim-runc-v2"), part("runc")].map((path) => join(path, "..")).join(":");
}

async function stop(...names: Daemon[]): Promise<void> {
  for (const name of names) {
    const record = readRecord(recordOf(name));
    if (isRunning(record)) await stopGroup(record, 10);
  }
}

function recordOf(name: Daemon): string {
  return join(stateFolder, "run", `${name}.json`);
}

async function until(what: string, attempt: () => unknown): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      attempt();
      return;
    } catch (error) {
      if (Date.now() > deadline)
        throw new Error(`waited 60 s until ${what}; logs are in ${logsFolder}`, { cause: error });
      await sleep(250);
    }
  }
}

function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: "pipe" });
}

function quietly(command: string, ...args: string[]): void {
  try {
    execFileSync(command, args, { stdio: "ignore" });
  } catch {
    // What is not there needs no undoing.
  }
}

/** The innermost first. */
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
  // hostPath volumes know no fsGroup: whoever runs in the pod must find them writable.
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
