import { currentContext } from "../places/docker-context.ts";
import { type PlainSettings, partsOf } from "./parts.ts";

/** Standard input of `scripts/preflight.ts`. */
export interface PreflightInput extends PreflightSpec {
  /** What `scripts/home.ts` printed. */
  home: string;
}

export type PreflightSpec = ReturnType<typeof preflightSpec>;

/** What a stack needs of this machine. */
export function preflightSpec(settings: PlainSettings) {
  const { stack, tier, dataDir, supervision, kubernetes } = settings;
  const parts = partsOf(settings);
  const inDocker = parts.filter(({ place }) => place === "docker");
  return {
    stack,
    dataDir,
    ports: parts.flatMap(({ ports }) => ports),
    programs: parts.flatMap(({ program }) => program ?? []),
    /** Parts that run as processes of this machine. */
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
