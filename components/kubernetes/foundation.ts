import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { servePath } from "../../lib/inngest/serve-path.ts";
import type { KubernetesSettings } from "../../lib/settings/kubernetes.ts";
import type { ProgramSettings } from "../settings.ts";
import type { Storage } from "./data-claim.ts";
import { KubernetesNamespace } from "./namespace.ts";
import { KubernetesQueue, queueAddress } from "./queue.ts";
import { workerOrigin } from "./worker.ts";

/** What the servers of both Kubernetes tiers stand on. */
export interface Foundation {
  kubernetes: KubernetesSettings;
  namespace: pulumi.Output<string>;
  storage: Storage;
  redisUrl: pulumi.Output<string>;
  /** `host:port` of the stack's own queue. */
  queueAddress: string | undefined;
  /** The worker's origin and its Inngest endpoint, as the server reaches them. */
  origin: string;
  sdkUrl: string;
  /** For every component in the cluster. */
  opts: pulumi.ComponentResourceOptions;
  /** What stops after the servers, which save what they do until their end. */
  stores: pulumi.Resource[];
}

/** A provider that is told its context and never takes kubectl's current one. */
export function providerOf({ kubernetes }: ProgramSettings, opts: pulumi.CustomResourceOptions): k8s.Provider {
  const { context, kubeconfig } = kubernetes as KubernetesSettings;
  return new k8s.Provider(
    "kubernetes",
    {
      context,
      ...(kubeconfig ? { kubeconfig } : {}),
      // A destroyed stack leaves its namespace and claims; the next `up` takes them on again instead of refusing.
      upsertExistingObjects: true,
    },
    opts,
  );
}

/** Namespace and queue. */
export function layFoundation(
  settings: ProgramSettings,
  provider: k8s.Provider,
  opts: pulumi.ComponentResourceOptions,
): Foundation {
  const kubernetes = settings.kubernetes as KubernetesSettings;
  const { stack, protectData, worker } = settings;
  const withKubernetes = { ...opts, providers: { kubernetes: provider } };
  const { namespace } = new KubernetesNamespace("namespace", { stack, protectData }, withKubernetes);
  const storage = { size: kubernetes.storageSize, className: kubernetes.storageClass, protectData };
  const queue = settings.redisUrl
    ? undefined
    : new KubernetesQueue("queue", { namespace, image: settings.queueImage, storage }, withKubernetes);
  const origin =
    worker.url?.origin ?? (worker.placement === "container" ? workerOrigin(worker.port) : hostOrigin(worker.port));
  return {
    kubernetes,
    namespace,
    storage,
    redisUrl: settings.redisUrl ?? (queue as KubernetesQueue).url,
    queueAddress: queue && queueAddress,
    origin,
    sdkUrl: worker.url?.href ?? origin + servePath,
    opts: withKubernetes,
    stores: queue ? [queue] : [],
  };
}

/** This machine, as pods of a cluster that runs in its Docker (k3d, kind, Docker Desktop, OrbStack) see it. */
function hostOrigin(port: number): string {
  return `http://host.docker.internal:${port}`;
}

/** Options of the servers. */
export function afterStores({ opts, stores }: Foundation, ...more: pulumi.Resource[]): pulumi.ComponentResourceOptions {
  return pulumi.mergeOptions(opts, { dependsOn: [...stores, ...more] });
}
