import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { pipes, psqlFlags } from "../../lib/data/psql-pipes.ts";
import type { Database } from "../../lib/data/requests.ts";
import { runtimeFiles } from "../../lib/runtime-files.ts";
import type { PostgresHistory } from "../../lib/stack/stores.ts";
import { hourlyJob } from "./hourly-job.ts";
import { labelsOf, restrictedContainer, restrictedPod, secretFiles } from "./pod.ts";

export interface JanitorJobArgs {
  namespace: pulumi.Input<string>;
  /** Image with Node. */
  image: pulumi.Input<string>;
  /** The server's Redis, which knows the runs in flight. */
  redisUrl: pulumi.Input<string>;
  /** Days that what has ended is kept. */
  days: number;
  /** Where events are posted, key and all: what the janitor warns of goes there as `health/degraded`. */
  alarmUrl: pulumi.Input<string>;
  /** How a pod gets at the history. */
  place: {
    database: Database;
    mounts: k8s.types.input.core.v1.VolumeMount[];
    volumes: k8s.types.input.core.v1.Volume[];
    affinity?: k8s.types.input.core.v1.Affinity;
    /** What runs beside the janitor and ends with it. */
    beside?: k8s.types.input.core.v1.Container;
  };
}

/** As whom the server writes its files. */
export const upkeepUser = 1000;

/** What a pod that works on the data asks for. */
export const upkeepResources = { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "512Mi" } };

/** Folder of an upkeep pod for scripts and files, gone with it. */
export const workFolder = "/work";

/** The janitor: a job every hour, one at a time. */
export function janitorJob(
  name: string,
  { namespace, image, redisUrl: queueUrl, days, alarmUrl, place }: JanitorJobArgs,
  opts: pulumi.CustomResourceOptions,
  /** Of the job alone. */
  jobOpts = opts,
): void {
  const labels = labelsOf("janitor");
  const { database, mounts, volumes, affinity, beside } = place;
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
  const files = runtimeFiles();
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
  const secret = secretFiles("order", "/run/secrets", order.metadata.name);
  const node = {
    name: "node",
    image,
    command: ["node", "/upkeep/runtime/sweep-job.ts", "/run/secrets/order.json"],
    volumeMounts: [...mounts, secret.mount, { name: "scripts", mountPath: "/upkeep", readOnly: true }],
  };
  hourlyJob(
    `${name}-node`,
    "janitor",
    namespace,
    {
      ...restrictedPod(upkeepUser),
      ...(affinity && { affinity }),
      containers: [node, ...(beside ? [beside] : [])].map((container) => ({
        ...restrictedContainer,
        resources: upkeepResources,
        ...container,
      })),
      volumes: [
        ...volumes,
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
    jobOpts,
  );
}

/** A psql that the scripts in a pod reach by pipes in {@link workFolder}, which is in `volumeMounts`; it ends with them. */
export function psqlContainer(
  { postgresImage: image, secret }: { [Key in keyof PostgresHistory]: pulumi.Input<PostgresHistory[Key]> },
  volumeMounts: k8s.types.input.core.v1.VolumeMount[],
): k8s.types.input.core.v1.Container {
  const { input, output } = pipes;
  const script = [`mkfifo -m 600 ${input} ${output}`, `exec psql ${psqlFlags.join(" ")} <${input} >${output} 2>&1`];
  return {
    name: "psql",
    image,
    command: ["bash", "-euc", script.join("\n")],
    workingDir: workFolder,
    envFrom: [{ secretRef: { name: secret } }],
    volumeMounts,
  };
}
