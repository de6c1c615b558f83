import type { Program } from "../host/spec.ts";
import type { Supervision } from "../host/supervisors/service.ts";
import { currentContext } from "../places/docker-context.ts";
import type { DockerNeeds } from "../places/docker-engine.ts";
import type { KubernetesNeeds } from "../places/kubernetes-cluster.ts";
import { type PartName, type PlainSettings, partsOf, type WantedPort } from "./parts.ts";

/** Standard input of `scripts/preflight.ts`. */
export interface PreflightInput extends PreflightSpec {
  /** What `scripts/home.ts` printed. */
  home: string;
}

/** What a stack needs of this machine. */
export interface PreflightSpec {
  stack: string;
  /** @default the platform's data folder, one folder a stack */
  dataDir?: string | undefined;
  ports: WantedPort[];
  /** Parts that run as processes of this machine. */
  services: PartName[];
  /** What keeps them running. */
  supervision: Supervision;
  /** Programs that must be on this machine. */
  programs: Program[];
  /** Set where a part runs in Docker. */
  docker?: DockerNeeds | undefined;
  /** Set where a part runs in Kubernetes. */
  kubernetes?: KubernetesNeeds | undefined;
}

/** What a stack needs of the machine. */
export function preflightSpec(settings: PlainSettings): PreflightSpec {
  const { stack, tier, dataDir, supervision, kubernetes } = settings;
  const parts = partsOf(settings);
  const inDocker = parts.filter(({ place }) => place === "docker");
  return {
    stack,
    dataDir,
    ports: parts.flatMap(({ ports }) => ports),
    programs: parts.flatMap(({ program }) => program ?? []),
    services: parts.filter(({ place }) => place === "host").map(({ name }) => name),
    supervision,
    docker:
      inDocker.length > 0
        ? { context: settings.dockerContext ?? currentContext(), images: inDocker.flatMap(({ image }) => image ?? []) }
        : undefined,
    kubernetes: kubernetes && {
      context: kubernetes.context,
      kubeconfig: kubernetes.kubeconfig,
      storageClass: kubernetes.storageClass,
      needsStorage: parts.some(({ place, keeps }) => place === "kubernetes" && keeps !== undefined),
      keda: tier === "cluster" && kubernetes.autoscaler === "keda",
    },
  };
}
