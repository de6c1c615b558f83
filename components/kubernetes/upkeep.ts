import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { gatewayPorts } from "../../lib/render/caddyfile.ts";
import { commonVariables } from "../../lib/render/server-options.ts";
import type { PostgresHistory } from "../../lib/stack/stores.ts";
import { janitorJob, psqlContainer, upkeepResources, upkeepUser, workFolder } from "./janitor-job.ts";
import { networkPolicy, type Way } from "./network-policy.ts";
import { claimed, labelsOf, restrictedContainer, restrictedPod, scratch, selectorOf } from "./pod.ts";
import { dataFolder } from "./server-pod.ts";

export interface KubernetesUpkeepArgs {
  namespace: pulumi.Input<string>;
  /** Image with Node. */
  image: pulumi.Input<string>;
  /** Claim with the server's SQLite file. */
  claim: pulumi.Input<string>;
  /** The server's Redis, which knows the runs in flight. */
  redisUrl: pulumi.Input<string>;
  /** Days that what has ended is kept. @default for ever, without a janitor */
  days: number | undefined;
  /** Where events are posted, key and all: what the janitor warns of goes there as `health/degraded`. */
  alarmUrl: pulumi.Input<string>;
  /** Redis is outside the namespace. */
  reachesOutside: boolean;
}

/** The server's SQLite file, where {@link dataFolder} is mounted. */
export const database = `${dataFolder}/main.db`;

/** Port of an upkeep pod at which Redis fetches what a restore puts back. */
export const snapshotPort = 6380;

/**
 * What works on the server's claim beside the server: the janitor, a job every hour, one at a time; and what pods may
 * do that backup, restore and move make for a while.
 */
export class KubernetesUpkeep extends pulumi.ComponentResource {
  constructor(name: string, args: KubernetesUpkeepArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:KubernetesUpkeep", name, {}, opts);
    const { namespace, reachesOutside, days } = args;
    const child = { parent: this };
    upkeepNetwork(`${name}-network`, { namespace, reachesOutside, ways: [queue] }, child);
    if (days !== undefined) {
      const data = claimed("data", dataFolder, args.claim);
      const place = { database, mounts: [data.mount], volumes: [data.volume], affinity: besideServer };
      janitorJob(`${name}-janitor`, { ...args, days, place }, child);
      const out = reachesOutside ? "everywhere" : [queue, gateway];
      networkPolicy(`${name}-janitor-network`, "janitor", namespace, { in: [], out }, child);
    }
    this.registerOutputs({});
  }
}

/** The ways to Redis, and to where events go. */
export const queue: Way = { with: ["queue"], ports: [6379] };
export const gateway: Way = { with: ["gateway"], ports: [gatewayPorts.http] };

/** What pods may do that backup, restore and move make for a while: go where the data are, and hand Redis a queue. */
export function upkeepNetwork(
  name: string,
  { namespace, reachesOutside, ways }: { namespace: pulumi.Input<string>; reachesOutside: boolean; ways: Way[] },
  opts: pulumi.CustomResourceOptions,
): void {
  const whoFetches: Way["with"] = reachesOutside ? "anybody" : ["queue"];
  networkPolicy(
    name,
    "upkeep",
    namespace,
    { in: [{ with: whoFetches, ports: [snapshotPort] }], out: reachesOutside ? "everywhere" : ways },
    opts,
  );
}

/**
 * On the node of the server, which alone has its claim; nowhere while there is no server, so that a stack that was
 * stopped for a restore stays alone with its data.
 */
const besideServer = {
  podAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [
      { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: selectorOf("server") } },
    ],
  },
};

/** Seconds that an upkeep pod lasts whose command was killed. */
const lifetime = 6 * 3600;

/** A pod in which a command of this project works on the server's claim: it waits to be told. */
export function upkeepPod({ image, claim, serverRuns }: { image: string; claim: string; serverRuns: boolean }) {
  const data = claimed("data", dataFolder, claim);
  const { containers, volumes } = nodeWith(image, data.mount);
  return passingPod(containers, {
    volumes: [data.volume, ...volumes],
    ...(serverRuns && { affinity: besideServer }),
  });
}

/** The same on the servers' Postgres, with a psql that the scripts reach by pipes. */
export function postgresUpkeepPod({ image, ...history }: { image: string } & PostgresHistory) {
  const { containers, volumes, volumeMounts } = nodeWith(image);
  return passingPod([...containers, psqlContainer(history, volumeMounts)], { volumes });
}

/** A container with Node that has a folder to work in, which others of its pod may have too. */
function nodeWith(image: string, ...more: k8s.types.input.core.v1.VolumeMount[]) {
  const work = scratch("work", workFolder);
  const temporary = scratch("tmp", "/tmp");
  const volumeMounts = [work.mount, temporary.mount];
  return {
    containers: [
      { name: "node", image, command: ["sleep", String(lifetime)], volumeMounts: [...more, ...volumeMounts] },
    ],
    volumes: [work.volume, temporary.volume],
    volumeMounts,
  };
}

/** A pod that says which version the server of an image has. */
export function versionPod(image: string) {
  return passingPod([
    {
      name: "inngest",
      image,
      command: ["inngest", "version"],
      env: [{ name: "DO_NOT_TRACK", value: commonVariables.DO_NOT_TRACK }],
    },
  ]);
}

/** A pod that a command makes and takes away. */
function passingPod(
  containers: k8s.types.input.core.v1.Container[],
  more: Partial<k8s.types.input.core.v1.PodSpec> = {},
): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { generateName: "upkeep-", labels: labelsOf("upkeep") },
    spec: {
      ...restrictedPod(upkeepUser),
      restartPolicy: "Never",
      activeDeadlineSeconds: lifetime,
      containers: containers.map((container) => ({ ...restrictedContainer, resources: upkeepResources, ...container })),
      ...more,
    },
  };
}
