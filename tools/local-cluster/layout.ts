/** The node's files, addresses, daemons and their configuration. */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { CertificateAuthority } from "./certificates.ts";
import { cniPlugins, part } from "./parts.ts";

export const contextName = "inngest-local-cluster";
export const nodeName = "inngest-local";

/** Deleted when the node goes down. Short, because the path of a socket in it must not exceed 107 bytes. */
export const stateFolder = "/var/lib/inngest-local-cluster";
export const logsFolder = join(stateFolder, "logs");
export const kubeconfigFile = join(stateFolder, "kubeconfig");
export const containerdSocket = join(stateFolder, "containerd.sock");
export const pauseImage = "docker.io/inngest-local/pause:1";

/**
 * Daemons listen on 127.0.0.1, or on the address of a dedicated interface where Kubernetes refuses a loopback address
 * (kubelet, cluster DNS); never on an address that other machines can reach.
 */
export const addresses = {
  nodeLink: "inngest-node",
  node: "10.243.0.1",
  bridge: "inngest-pods",
  pods: "10.244.0.0/16",
  services: "10.96.0.0/16",
} as const;

const apiPort = 16443;
const file = (name: string) => join(stateFolder, name);
const keyFile = (name: string) => join(stateFolder, "pki", name);
const etcdUrl = "https://127.0.0.1:12379";
const etcdPeerUrl = "http://127.0.0.1:12380";

/** The daemons and their arguments. */
export const daemons = {
  etcd: [
    `--data-dir=${file("etcd")}`,
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    `--listen-peer-urls=${etcdPeerUrl}`,
    `--initial-advertise-peer-urls=${etcdPeerUrl}`,
    `--initial-cluster=default=${etcdPeerUrl}`,
    "--client-cert-auth",
    `--trusted-ca-file=${keyFile("ca.crt")}`,
    `--cert-file=${keyFile("server.crt")}`,
    `--key-file=${keyFile("server.key")}`,
  ],
  containerd: [`--config=${file("containerd.toml")}`],
  "kube-apiserver": [
    `--etcd-servers=${etcdUrl}`,
    `--etcd-cafile=${keyFile("ca.crt")}`,
    `--etcd-certfile=${keyFile("admin.crt")}`,
    `--etcd-keyfile=${keyFile("admin.key")}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${apiPort}`,
    `--advertise-address=${addresses.node}`,
    // The address is a loopback one, which cannot be an endpoint. Pods do not need the API here.
    "--endpoint-reconciler-type=none",
    `--service-cluster-ip-range=${addresses.services}`,
    "--authorization-mode=RBAC",
    `--client-ca-file=${keyFile("ca.crt")}`,
    `--tls-cert-file=${keyFile("server.crt")}`,
    `--tls-private-key-file=${keyFile("server.key")}`,
    `--kubelet-client-certificate=${keyFile("admin.crt")}`,
    `--kubelet-client-key=${keyFile("admin.key")}`,
    "--kubelet-preferred-address-types=InternalIP",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${keyFile("server.key")}`,
    `--service-account-signing-key-file=${keyFile("server.key")}`,
  ],
  "kube-controller-manager": [
    `--kubeconfig=${kubeconfigFile}`,
    "--bind-address=127.0.0.1",
    "--secure-port=11257",
    "--leader-elect=false",
    `--service-account-private-key-file=${keyFile("server.key")}`,
    `--root-ca-file=${keyFile("ca.crt")}`,
  ],
  "kube-scheduler": [
    `--kubeconfig=${kubeconfigFile}`,
    "--bind-address=127.0.0.1",
    "--secure-port=11259",
    "--leader-elect=false",
  ],
  kubelet: [
    `--config=${file("kubelet.json")}`,
    `--kubeconfig=${kubeconfigFile}`,
    `--root-dir=${file("kubelet")}`,
    `--hostname-override=${nodeName}`,
    `--node-ip=${addresses.node}`,
  ],
  "kube-proxy": [`--config=${file("kube-proxy.json")}`],
  coredns: [`-conf=${file("Corefile")}`],
} as const satisfies Record<string, readonly string[]>;

/** Creates keys and certificates, and returns the path and content of each configuration file. */
export function createConfiguration(): [string, string][] {
  for (const folder of ["pki", "cni"]) mkdirSync(file(folder), { recursive: true, mode: 0o700 });
  const authority = new CertificateAuthority(file("pki"));
  authority.issue("server", "/CN=kube-apiserver");
  authority.issue("admin", "/O=system:masters/CN=admin");
  const json = (value: object) => JSON.stringify(value, null, 2);
  return [
    [kubeconfigFile, json(kubeconfig())],
    [file("kubelet.json"), json(kubelet())],
    [file("kube-proxy.json"), json(kubeProxy())],
    [file("containerd.toml"), containerd()],
    [join(file("cni"), "10-pods.conflist"), json(podNetwork())],
    [file("resolv.conf"), ""],
    [file("Corefile"), corefile()],
  ];
}

function kubeconfig() {
  return {
    apiVersion: "v1",
    kind: "Config",
    "current-context": contextName,
    clusters: [
      {
        name: contextName,
        cluster: { server: `https://127.0.0.1:${apiPort}`, "certificate-authority": keyFile("ca.crt") },
      },
    ],
    users: [
      {
        name: contextName,
        user: { "client-certificate": keyFile("admin.crt"), "client-key": keyFile("admin.key") },
      },
    ],
    contexts: [{ name: contextName, context: { cluster: contextName, user: contextName } }],
  };
}

function kubelet() {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: addresses.node,
    port: 11250,
    healthzPort: 0,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: false },
      x509: { clientCAFile: keyFile("ca.crt") },
    },
    authorization: { mode: "AlwaysAllow" },
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    cgroupDriver: "cgroupfs",
    failSwapOn: false,
    clusterDNS: [addresses.node],
    clusterDomain: "cluster.local",
    resolvConf: file("resolv.conf"),
    podLogsDir: file("pod-logs"),
    volumePluginDir: file("volume-plugins"),
    // Never remove images, however full the disk is: they are stand-ins that cannot be pulled again.
    imageGCHighThresholdPercent: 100,
    evictionHard: { "memory.available": "50Mi" },
  };
}

function kubeProxy() {
  return {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "iptables",
    hostnameOverride: nodeName,
    clientConnection: { kubeconfig: kubeconfigFile },
    clusterCIDR: addresses.pods,
    healthzBindAddress: "127.0.0.1:11256",
    metricsBindAddress: "127.0.0.1:11249",
    nodePortAddresses: ["127.0.0.0/8"],
    // Pods share a bridge: without this, a response would reach its pod directly and bypass the address translation.
    iptables: { masqueradeAll: true },
    conntrack: { maxPerCore: 0, min: 0 },
  };
}

function containerd(): string {
  return `version = 2
root = "${join(homedir(), ".cache/inngest-local/cluster/images")}"
state = "${file("containerd")}"
[grpc]
address = "${containerdSocket}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${pauseImage}"
stream_server_address = "127.0.0.1"
restrict_oom_score_adj = true
tolerate_missing_hugetlb_controller = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "${cniPlugins}"
conf_dir = "${file("cni")}"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
BinaryName = "${part("runc")}"
`;
}

function podNetwork() {
  return {
    cniVersion: "1.0.0",
    name: "pods",
    plugins: [
      {
        type: "bridge",
        bridge: addresses.bridge,
        isGateway: true,
        hairpinMode: true,
        ipam: {
          type: "host-local",
          dataDir: file("cni-leases"),
          ranges: [[{ subnet: addresses.pods }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
      // Lets packets of pods through if another engine, such as Docker, has disabled forwarding.
      { type: "firewall", backend: "iptables" },
    ],
  };
}

function corefile(): string {
  return `.:53 {
  bind ${addresses.node}
  errors
  kubernetes cluster.local {
    kubeconfig ${kubeconfigFile}
  }
}
`;
}

/** Runs `ctr` on the node's containerd, in the namespace that the kubelet uses. */
export function ctr(args: string[], input?: Buffer): string {
  return execFileSync(part("ctr"), ["--address", containerdSocket, "--namespace", "k8s.io", ...args], {
    encoding: "utf8",
    stdio: ["pipe", "pipe", "pipe"],
    ...(input ? { input } : {}),
    maxBuffer: 1 << 30,
  });
}
