import type { Settings } from "../config.ts";
import { currentContext } from "./docker/context.ts";
import type { PreflightSpec } from "./host/preflight.ts";
import type { Program } from "./host/spec.ts";

/** What a stack needs of the machine. */
export function preflightSpec(settings: Settings): PreflightSpec {
  const { stack, tier, dataDir, port, worker, durable } = settings;
  const onProcessTier = tier === "process";
  const { kubernetes } = settings;
  const serverPorts = onProcessTier ? [port, port + 1, port + 2, port + 3] : [port, port + 2];
  const programs: Program[] = [
    ...(onProcessTier ? [{ kind: "inngest" as const, binary: settings.serverBinary }] : []),
    ...(worker.placement === "host" && worker.runtime !== "external" ? [{ kind: worker.runtime }] : []),
  ];
  const images = [
    { setting: "serverImage", image: settings.serverImage },
    { setting: "gatewayImage", image: settings.gateway.image },
    ...(durable && !settings.redisUrl ? [{ setting: "queueImage", image: settings.queueImage }] : []),
  ];
  return {
    stack,
    dataDir,
    ports: [
      // In a cluster the server and its worker have addresses of their own.
      ...(kubernetes ? [] : serverPorts.map((number) => ({ setting: "port", port: number }))),
      ...(worker.runtime === "external" || (kubernetes && worker.placement === "container")
        ? []
        : [{ setting: "workerPort", port: worker.port }]),
    ],
    programs,
    services: [
      ...(onProcessTier ? ["server"] : []),
      ...(worker.placement === "host" && worker.runtime !== "external" ? ["worker"] : []),
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
