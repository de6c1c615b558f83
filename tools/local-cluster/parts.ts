import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onPath } from "../../lib/host/programs.ts";

/** The last version that supports cgroup v1, which many build machines still use. */
export const kubernetesVersion = "1.34.4";

const kedaVersion = "2.18.1";

const cache = join(homedir(), ".cache", "inngest-local", "cluster");
const binaries = join(cache, "bin");
const debian = join(cache, "debian");
const sources = fileURLToPath(new URL("parts", import.meta.url));

/** Programs from Debian packages, which are only unpacked: an installed package would start its services. */
const fromDebian = {
  etcd: "usr/bin/etcd",
  containerd: "usr/bin/containerd",
  "containerd-shim-runc-v2": "usr/bin/containerd-shim-runc-v2",
  ctr: "usr/bin/ctr",
  runc: "usr/sbin/runc",
} as const;
const debianPackages = ["etcd-server", "containerd", "runc", "containernetworking-plugins"];

const fromKubernetes = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kube-proxy",
  "kubelet",
  "kubectl",
] as const;
const fromTools = ["coredns", "kubeconform"] as const;

export type Part = keyof typeof fromDebian | (typeof fromKubernetes)[number] | (typeof fromTools)[number] | "pause";

/** Path of a part's program. */
export function part(name: Part): string {
  return name in fromDebian ? join(debian, fromDebian[name as keyof typeof fromDebian]) : join(binaries, name);
}

export const cniPlugins = join(debian, "usr/lib/cni");

/** The definition of KEDA's ScaledObject, for a cluster that has to accept such objects. KEDA itself is not built. */
export const kedaResources = join(cache, "scaledobjects.yaml");

/** Whether every part is built, so that the cluster can start without a build. */
export function partsAreBuilt(): boolean {
  const built = [...fromKubernetes, ...fromTools, "pause" as const, ...(Object.keys(fromDebian) as Part[])];
  return built.every((name) => existsSync(part(name))) && existsSync(kedaResources);
}

/**
 * Builds and unpacks missing parts, which takes minutes the first time.
 * @throws {Error} when a tool for that is missing
 */
export function buildParts(): void {
  if (partsAreBuilt()) return;
  for (const tool of ["go", "apt-get", "dpkg-deb", "openssl"]) {
    if (!onPath(tool)) throw new Error(`building the local cluster needs ${tool}, which is not on PATH. Install it`);
  }
  mkdirSync(binaries, { recursive: true });
  if (!existsSync(cniPlugins)) unpackDebianPackages();
  if (!fromKubernetes.every((name) => existsSync(part(name)))) {
    console.log("Building Kubernetes, which takes about six minutes on two cores ...");
    const version = "k8s.io/component-base/version";
    const [major, minor] = kubernetesVersion.split(".");
    const flags = [
      `-X ${version}.gitVersion=v${kubernetesVersion}`,
      `-X ${version}.gitMajor=${major}`,
      `-X ${version}.gitMinor=${minor}`,
    ];
    goInstall("kubernetes", ["-ldflags", `-s -w ${flags.join(" ")}`, "tool"]);
  }
  if (!fromTools.every((name) => existsSync(part(name)))) {
    console.log("Building CoreDNS and kubeconform ...");
    goInstall("tools", ["-ldflags", "-s -w", "tool"]);
  }
  goInstall("pause", ["-ldflags", "-s -w", "."]);
  const keda = execFileSync("go", ["mod", "download", "-json", `github.com/kedacore/keda/v2@v${kedaVersion}`], {
    encoding: "utf8",
  });
  copyFileSync(
    join((JSON.parse(keda) as { Dir: string }).Dir, "config/crd/bases/keda.sh_scaledobjects.yaml"),
    kedaResources,
  );
}

function goInstall(module: string, args: string[]): void {
  execFileSync("nice", ["-n", "19", "go", "install", "-trimpath", ...args], {
    cwd: join(sources, module),
    env: { ...process.env, GOBIN: binaries, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly" },
    stdio: ["ignore", "inherit", "inherit"],
  });
}

function unpackDebianPackages(): void {
  console.log(`Unpacking ${debianPackages.join(", ")} ...`);
  const scratch = mkdtempSync(join(tmpdir(), "cluster-"));
  try {
    execFileSync("apt-get", ["update", "--quiet"], { stdio: "ignore" });
    execFileSync("apt-get", ["download", "--quiet", ...debianPackages], { cwd: scratch, stdio: "ignore" });
    const draft = `${debian}.draft`;
    rmSync(draft, { recursive: true, force: true });
    execFileSync("sh", ["-c", 'for file in *.deb; do dpkg-deb -x "$file" "$1"; done', "sh", draft], { cwd: scratch });
    rmSync(debian, { recursive: true, force: true });
    renameSync(draft, debian);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
