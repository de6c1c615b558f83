import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { gatewayPorts } from "../gateway/caddyfile.ts";
import { upkeepFiles } from "../upkeep-files.ts";
import { hourlyJob } from "./hourly-job.ts";
import { networkPolicy, type Way } from "./network-policy.ts";
import { claimed, labelsOf, restrictedContainer, restrictedPod, scratch, secretFiles, selectorOf } from "./pod.ts";
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

/** As whom the server writes its files. */
const user = 1000;

/**
 * What works on the server's claim beside the server: the janitor, a job every hour, one at a time; and what pods may
 * do that backup, restore and move make for a while.
 */
export class KubernetesUpkeep extends pulumi.ComponentResource {
  constructor(name: string, args: KubernetesUpkeepArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:KubernetesUpkeep", name, {}, opts);
    const { namespace, reachesOutside, days } = args;
    const child = { parent: this };
    const queue: Way = { with: ["queue"], ports: [6379] };
    const gateway: Way = { with: ["gateway"], ports: [gatewayPorts.http] };
    networkPolicy(
      `${name}-network`,
      "upkeep",
      namespace,
      {
        in: [{ with: reachesOutside ? "anybody" : ["queue"], ports: [snapshotPort] }],
        out: reachesOutside ? "everywhere" : [queue],
      },
      child,
    );
    if (days !== undefined) {
      this.#janitor(`${name}-janitor`, { ...args, days }, child);
      const out = reachesOutside ? "everywhere" : [queue, gateway];
      networkPolicy(`${name}-janitor-network`, "janitor", namespace, { in: [], out }, child);
    }
    this.registerOutputs({});
  }

  #janitor(name: string, args: KubernetesUpkeepArgs & { days: number }, opts: pulumi.CustomResourceOptions): void {
    const { namespace, redisUrl: queueUrl, days, alarmUrl } = args;
    const labels = labelsOf("janitor");
    const order = new k8s.core.v1.Secret(
      `${name}-order`,
      {
        metadata: { namespace, labels },
        immutable: true,
        stringData: pulumi.secret({ "order.json": pulumi.jsonStringify({ database, queueUrl, days, alarmUrl }) }),
      },
      opts,
    );
    // Not an image of their own, which somebody had to build and every node to get: they are the checkout's.
    const files = upkeepFiles();
    const keyOf = (path: string) => path.replaceAll("/", ".");
    const scripts = new k8s.core.v1.ConfigMap(
      `${name}-scripts`,
      {
        metadata: { namespace, labels },
        immutable: true,
        data: Object.fromEntries(Object.entries(files).map(([path, content]) => [keyOf(path), content])),
      },
      opts,
    );
    const data = claimed("data", dataFolder, args.claim);
    const secret = secretFiles("order", "/run/secrets", order.metadata.name);
    hourlyJob(
      `${name}-node`,
      "janitor",
      namespace,
      {
        ...restrictedPod(user),
        affinity: besideServer,
        containers: [
          {
            ...restrictedContainer,
            name: "node",
            image: args.image,
            command: ["node", "/upkeep/upkeep/round.ts", "/run/secrets/order.json"],
            resources,
            volumeMounts: [data.mount, secret.mount, { name: "scripts", mountPath: "/upkeep", readOnly: true }],
          },
        ],
        volumes: [
          data.volume,
          secret.volume,
          {
            name: "scripts",
            configMap: {
              name: scripts.metadata.name,
              items: Object.keys(files).map((path) => ({ key: keyOf(path), path })),
            },
          },
        ],
      },
      opts,
    );
  }
}

const resources = { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "512Mi" } };

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

/** Folder of an upkeep pod for scripts and files, gone with it. */
export const workFolder = "/work";

/** Seconds that an upkeep pod lasts whose command was killed. */
const lifetime = 6 * 3600;

/** A pod in which a command of this project works on the server's claim: it waits to be told. */
export function upkeepPod({ image, claim, serverRuns }: { image: string; claim: string; serverRuns: boolean }) {
  const data = claimed("data", dataFolder, claim);
  const work = scratch("work", workFolder);
  const temporary = scratch("tmp", "/tmp");
  const volumeMounts = [data.mount, work.mount, temporary.mount];
  return passingPod(
    { name: "node", image, command: ["sleep", String(lifetime)], volumeMounts },
    { volumes: [data.volume, work.volume, temporary.volume], ...(serverRuns && { affinity: besideServer }) },
  );
}

/** A pod that says which version the server of an image has. */
export function versionPod(image: string) {
  return passingPod({ name: "inngest", image, command: ["inngest", "version"] });
}

/** A pod that a command makes and takes away. */
function passingPod(
  container: k8s.types.input.core.v1.Container,
  more: Partial<k8s.types.input.core.v1.PodSpec> = {},
): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { generateName: "upkeep-", labels: labelsOf("upkeep") },
    spec: {
      ...restrictedPod(user),
      restartPolicy: "Never",
      activeDeadlineSeconds: lifetime,
      containers: [{ ...restrictedContainer, resources, ...container }],
      ...more,
    },
  };
}
