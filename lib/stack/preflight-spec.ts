import type { WantedPort } from "../host/port-holders.ts";
import type { Program } from "../host/spec.ts";
import type { Supervision } from "../host/supervisors/index.ts";
import { currentContext } from "../places/docker-context.ts";
import type { DockerNeeds } from "../places/docker-engine.ts";
import type { KubernetesNeeds } from "../places/kubernetes-cluster.ts";
import type { Settings } from "../settings/settings.ts";

/** What `scripts/preflight.ts` reads from its standard input as JSON. */
export interface PreflightSpec {
  stack: string;
  /** Absolute data folder. @default the platform's data folder, one folder a stack */
  dataDir?: string | undefined;
  /** Ports of 127.0.0.1 that the stack needs, with the setting that decides each. */
  ports: WantedPort[];
  /** Services that run on this machine. */
  services: string[];
  /** What keeps the services running. */
  supervision: Supervision;
  /** Programs that must be on this machine. */
  programs: Program[];
  /** What the stack needs of Docker. @default nothing: it runs elsewhere */
  docker?: DockerNeeds | undefined;
  /** What the stack needs of its cluster. @default nothing: it runs elsewhere */
  kubernetes?: KubernetesNeeds | undefined;
}

/** Settings without their secrets, of which only the presence counts here. */
export type MachineSettings = Omit<Settings, "worker" | "redisUrl" | "postgresUrl" | "keys"> & {
  worker: Omit<Settings["worker"], "variables">;
  redisUrl?: unknown;
  postgresUrl?: unknown;
};

/** What a stack needs of the machine. */
export function preflightSpec(settings: MachineSettings): PreflightSpec {
  const { stack, tier, dataDir, worker, durable } = settings;
  const onProcessTier = tier === "process";
  const { kubernetes } = settings;
  const programs: Program[] = [
    ...(onProcessTier ? [{ kind: "inngest" as const, binary: settings.serverBinary }] : []),
    ...(worker.placement === "host" && worker.runtime !== "external" ? [{ kind: worker.runtime }] : []),
  ];
  const images = [
    { setting: "serverImage", image: settings.serverImage },
    { setting: "gatewayImage", image: settings.gateway.image },
    ...(durable && settings.retention !== undefined ? [{ setting: "upkeepImage", image: settings.upkeepImage }] : []),
    ...(durable && !settings.redisUrl ? [{ setting: "queueImage", image: settings.queueImage }] : []),
  ];
  return {
    stack,
    dataDir,
    ports: portsOf(settings),
    programs,
    services: [
      ...(onProcessTier ? ["server", ...(settings.retention === undefined ? [] : ["janitor"])] : []),
      ...(worker.placement === "host" && worker.runtime !== "external" ? ["worker"] : []),
      ...(settings.backups ? ["backup"] : []),
    ],
    supervision: settings.supervision,
    docker: tier === "docker" ? { context: settings.dockerContext ?? currentContext(), images } : undefined,
    kubernetes: kubernetes && {
      context: kubernetes.context,
      kubeconfig: kubernetes.kubeconfig,
      storageClass: kubernetes.storageClass,
      needsStorage: tier === "kubernetes" || !(settings.redisUrl && settings.postgresUrl),
      keda: tier === "cluster" && kubernetes.autoscaler === "keda",
    },
  };
}

/** What {@link portsOf} goes by. */
export interface PortSettings {
  tier: Settings["tier"];
  port: number;
  worker: Pick<Settings["worker"], "port" | "placement" | "runtime">;
}

/** Ports that a stack has on this machine. */
export function portsOf({ tier, port, worker }: PortSettings): WantedPort[] {
  const offsets = { process: [0, 1, 2, 3], docker: [0, 2], kubernetes: [], cluster: [] }[tier];
  // In a cluster the server and its worker have addresses of their own.
  const inCluster = tier === "kubernetes" || tier === "cluster";
  const hasWorker = worker.runtime !== "external" && !(inCluster && worker.placement === "container");
  return [
    ...offsets.map((offset) => ({ setting: "port", port: port + offset })),
    ...(hasWorker ? [{ setting: "workerPort", port: worker.port }] : []),
  ];
}
