import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { boundedLogs, labelsOf } from "../../lib/stack/docker-names.ts";
import { stopGraceSeconds } from "../../lib/stack/stop-grace.ts";

/** User and group of every container, whatever its image says, and owner of what they keep. */
export const containerUser = "1000:1000";

export interface Hardening {
  stack: string;
  /** Most memory, in MB; none of it is swapped. */
  memory: number;
  /** Share of a CPU that is fought for; 1024 is a container's of no setting. */
  cpuShares: number;
  /** Capabilities that stay. @default none */
  capabilities?: string[];
  /** Folders in memory, beside /tmp, with their options. */
  scratch?: Record<string, string>;
  /** More labels than the stack's. @default none */
  labels?: { label: string; value: pulumi.Input<string> }[];
}

/**
 * What every container of a stack has and has not, after section 5 of the CIS Docker Benchmark. `DockerProcessLimit`
 * adds a limit of processes, of which the provider has no input.
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
    // The provider's default is 0, a SIGKILL at once.
    destroyGraceSeconds: stopGraceSeconds,
    labels: [...labelsOf(stack), ...labels],
    ...boundedLogs,
  } satisfies Partial<docker.ContainerArgs>;
}

/** Options of a folder in memory that {@link containerUser} may write to. */
export function ownScratch(megabytes: number): string {
  const [uid, gid] = containerUser.split(":");
  return `rw,nosuid,nodev,noexec,size=${megabytes}m,mode=0700,uid=${uid},gid=${gid}`;
}

/** What the provider calls updated and leaves as it is, and what cannot exist twice: the name, the port. */
export const replacedWhole = {
  deleteBeforeReplace: true,
  replaceOnChanges: ["healthcheck", "tmpfs"],
};
