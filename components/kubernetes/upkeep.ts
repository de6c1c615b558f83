import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Database } from "../../lib/data/requests.ts";
import { libpqVariables } from "../../lib/render/libpq.ts";
import {
  maintenanceResources,
  nextToServer,
  psqlContainer,
  serverDataFolder,
  serverUser,
  snapshotPort,
  sqliteFile,
  workFolder,
} from "../../lib/render/maintenance-pod.ts";
import { configFiles, type Folder, pvcVolume, scratch, secretFiles } from "../../lib/render/restricted-pod.ts";
import { runtimeFiles } from "../../lib/runtime-files.ts";
import type { KubernetesPlace } from "../../lib/stack/stores.ts";
import { type EgressRule, networkPolicy, toDatabase, toGateway, toQueue } from "./network-policy.ts";
import { metadataOf, type PartScope } from "./scope.ts";
import { type Container, immutableSecret, type Pod, podTemplate } from "./workload.ts";

export interface KubernetesUpkeepArgs {
  namespace: pulumi.Input<string>;
  /** Image with Node. */
  image: pulumi.Input<string>;
  /** The server's Redis, which knows the runs in flight. */
  redisUrl: pulumi.Input<string>;
  /** Days that ended runs are kept. @default for ever, without a janitor */
  days: number | undefined;
  /** Where events are posted, key included: the janitor's warnings go there as `health/degraded`. */
  alarmUrl: pulumi.Input<string>;
  /** Redis or Postgres is outside the namespace. */
  storesOutside: boolean;
  /** The claim with the server's SQLite file, or its Postgres and an image with psql and pg_dump. */
  history: { claim: pulumi.Input<string> } | { postgresUrl: pulumi.Input<string>; postgresImage: string };
}

/** The janitor of the history, and network rules for maintenance pods. */
export class KubernetesUpkeep extends pulumi.ComponentResource {
  /** How commands reach the history. */
  public readonly history: pulumi.Output<KubernetesPlace["history"]>;

  constructor(name: string, args: KubernetesUpkeepArgs, opts?: pulumi.ComponentResourceOptions) {
    const { namespace, history } = args;
    super(`inngest-local:index:${"claim" in history ? "KubernetesUpkeep" : "ClusterUpkeep"}`, name, {}, opts);
    const scope = { name, part: "upkeep", namespace, parent: this } as const;
    if ("claim" in history) {
      const folder = pvcVolume("data", serverDataFolder, history.claim);
      maintain(scope, args, { database: sqliteFile, folder, affinity: nextToServer, egress: [] });
      this.history = pulumi.output(history);
    } else {
      const { postgresImage, postgresUrl } = history;
      const variables = pulumi.secret(pulumi.output(postgresUrl).apply(libpqVariables));
      const secret = immutableSecret(scope, "environment", variables);
      const folder = scratch("work", workFolder);
      const sidecar = psqlContainer<pulumi.Input<string>>({ postgresImage, secret }, [folder]);
      maintain(scope, args, { database: { psql: workFolder }, folder, sidecar, egress: [toDatabase] });
      this.history = pulumi.output({ postgresImage, secret });
    }
    this.registerOutputs({});
  }
}

/** How a pod reaches the history. */
interface HistoryAccess {
  database: Database;
  /** The folder with the SQLite file, or with psql's pipes. */
  folder: Folder;
  affinity?: k8s.types.input.core.v1.Affinity;
  sidecar?: Container;
  egress: EgressRule[];
}

function maintain(scope: PartScope, { days, ...args }: KubernetesUpkeepArgs, history: HistoryAccess): void {
  const { storesOutside } = args;
  networkPolicy(scope, {
    ingress: [{ from: storesOutside ? "anyone" : ["queue"], ports: [snapshotPort] }],
    egress: storesOutside ? "everywhere" : [toQueue, ...history.egress],
  });
  if (days === undefined) return;
  const janitor = { ...scope, name: `${scope.name}-janitor`, part: "janitor" } as const;
  cronJob(janitor, janitorPod(janitor, { ...args, days }, history), history.affinity);
  networkPolicy(janitor, {
    ingress: [],
    egress: storesOutside ? "everywhere" : [toQueue, toGateway, ...history.egress],
  });
}

/** A pod that sweeps the history once. */
function janitorPod(
  scope: PartScope,
  { image, redisUrl: queueUrl, days, alarmUrl }: KubernetesUpkeepArgs,
  { database, folder, sidecar }: HistoryAccess,
): Pod {
  const request = pulumi.jsonStringify({ database, queueUrl, days, alarmUrl });
  const secret = immutableSecret(scope, "order", pulumi.secret({ "order.json": request }));
  const node = {
    name: "node",
    image,
    command: ["node", "/upkeep/runtime/sweep-job.ts", "/run/secrets/order.json"],
    folders: [folder, secretFiles("order", "/run/secrets", secret), scriptsFolder(scope)],
  };
  const resources = maintenanceResources;
  const containers: Pod["containers"] = [{ ...node, resources }, ...(sidecar ? [{ ...sidecar, resources }] : [])];
  return { user: serverUser, containers };
}

/** The programs of `runtime/` in a ConfigMap: an image with them would have to be built and pushed. */
function scriptsFolder(scope: PartScope): Folder {
  const files = Object.entries(runtimeFiles()).map(([path, text]) => ({ path, text, key: path.replaceAll("/", ".") }));
  const data = Object.fromEntries(files.map(({ key, text }) => [key, text]));
  const { metadata } = new k8s.core.v1.ConfigMap(
    `${scope.name}-scripts`,
    { metadata: metadataOf(scope), immutable: true, data },
    { parent: scope.parent },
  );
  const items = files.map(({ key, path }) => ({ key, path }));
  return configFiles("scripts", "/upkeep", metadata.name, items);
}

/** Runs a pod every hour, one at a time. A failed sweep is left to the next hour. */
function cronJob(scope: PartScope, pod: Pod, affinity: k8s.types.input.core.v1.Affinity | undefined): void {
  const template = podTemplate(scope, pod, { ...(affinity && { affinity }), restartPolicy: "Never" });
  new k8s.batch.v1.CronJob(
    `${scope.name}-node`,
    {
      metadata: { ...metadataOf(scope), name: scope.part },
      spec: {
        schedule: "17 * * * *",
        concurrencyPolicy: "Forbid",
        successfulJobsHistoryLimit: 1,
        failedJobsHistoryLimit: 1,
        // The deadline is before the next hour's sweep.
        jobTemplate: { spec: { backoffLimit: 0, activeDeadlineSeconds: 3300, template } },
      },
    },
    { parent: scope.parent },
  );
}
