import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { boundedLogs, dockerLabels } from "../../lib/stack/docker-names.ts";
import { stopGraceSeconds } from "../../lib/stack/stop-grace.ts";

/** User and group that every container runs as, whatever its image says, and that owns its data. */
export const containerUser = "1000:1000";

export interface Hardening {
  stack: string;
  /** Memory limit in MB; none of it is swapped. */
  memory: number;
  /** Relative CPU weight under contention (`--cpu-shares`, Docker's default is 1024). */
  cpuShares: number;
  /** Capabilities that are kept. @default none */
  capabilities?: string[];
  /** Options of tmpfs mounts by folder, in addition to /tmp. @default none */
  scratch?: Record<string, string>;
  /** Labels in addition to the stack's. @default none */
  labels?: { label: string; value: pulumi.Input<string> }[];
}

/**
 * Inputs of every container, by section 5 of the CIS Docker Benchmark. `DockerProcessLimit` adds the limit of
 * processes, for which the provider has no input.
 */
export function hardened(hardening: Hardening) {
  const { stack, memory, cpuShares, capabilities = [], scratch = {}, labels = [] } = hardening;
  return {
    user: containerUser,
    readOnly: true,
    tmpfs: { "/tmp": "rw,nosuid,nodev,noexec,size=64m,mode=1777", ...scratch },
    capabilities: { drops: ["ALL"], adds: capabilities },
    securityOpts: ["no-new-privileges:true"],
    memory,
    memorySwap: memory,
    cpuShares,
    stopTimeout: stopGraceSeconds,
    // The provider's default of 0 is a SIGKILL right away.
    destroyGraceSeconds: stopGraceSeconds,
    labels: [...dockerLabels(stack), ...labels],
    ...boundedLogs,
  } satisfies Partial<docker.ContainerArgs>;
}

/** Options of a tmpfs mount that {@link containerUser} may write to. */
export function writableScratch(megabytes: number): string {
  const [uid, gid] = containerUser.split(":");
  return `rw,nosuid,nodev,noexec,size=${megabytes}m,mode=0700,uid=${uid},gid=${gid}`;
}

/**
 * Options of every container. The provider reports an update of these inputs and changes nothing; and the name and the
 * published port cannot exist twice.
 */
export const replaceInsteadOfUpdate = {
  deleteBeforeReplace: true,
  replaceOnChanges: ["healthcheck", "tmpfs"],
};
