import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { type Folder, restrictedPod } from "../../lib/render/restricted-pod.ts";
import { partLabels, selectorOf } from "../../lib/stack/kubernetes-names.ts";
import { type NetworkRules, networkPolicy } from "./network-policy.ts";
import { metadataOf, type PartScope } from "./scope.ts";

/** A container that names each of its folders once. */
export type Container = Omit<k8s.types.input.core.v1.Container, "volumeMounts"> & { folders: Folder[] };

export interface Pod {
  /** Numeric id of user and group. @default 1000 */
  user?: number;
  containers: [Container, ...Container[]];
  initContainers?: Container[];
}

export interface WorkloadArgs {
  kind: "StatefulSet" | "Deployment";
  /** Of the StatefulSet or Deployment, whose name is the part's by default. */
  metadata?: { name?: string; annotations?: Record<string, string> };
  /** Without `replicas` where an autoscaler sets them. */
  spec?: { replicas?: number; podManagementPolicy?: "Parallel" };
  pod: Pod;
  /** Ports of the Service by name; the Service's name is the part's by default. */
  service: { name?: string; ports: Record<string, number> };
  network: NetworkRules;
  /** What only the pods wait for. @default nothing */
  after?: pulumi.Resource;
}

/**
 * Creates a part: its Service, its network policy, and the StatefulSet or Deployment, which is returned.
 *
 * @param suffix Last part of the returned resource's Pulumi name.
 */
export function workload(scope: PartScope, suffix: string, args: WorkloadArgs) {
  const { name, part, parent } = scope;
  const { service, pod } = args;
  const selector = selectorOf(part);
  const ports = Object.entries(service.ports).map(([name, port]) => ({ name, port }));
  new k8s.core.v1.Service(
    `${name}-service`,
    {
      metadata: { ...metadataOf(scope), name: service.name ?? part, annotations: skipAwait },
      spec: { selector, ports },
    },
    { parent },
  );
  networkPolicy(scope, args.network);
  const metadata = { ...metadataOf(scope), name: part, ...args.metadata };
  const spec = { ...args.spec, selector: { matchLabels: selector } };
  const opts = { parent, ...(args.after && { dependsOn: args.after }) };
  if (args.kind === "StatefulSet") {
    const template = podTemplate(scope, pod);
    const set = { metadata, spec: { ...spec, serviceName: metadata.name, template } };
    return new k8s.apps.v1.StatefulSet(`${name}-${suffix}`, set, opts);
  }
  const template = podTemplate(scope, pod, { topologySpreadConstraints: [spreadOverNodes(selector)] });
  const deployment = { metadata, spec: { ...spec, strategy: surgeOne, template } };
  return new k8s.apps.v1.Deployment(`${name}-${suffix}`, deployment, opts);
}

/** A part's pod, restricted; `spec` is added to it. */
export function podTemplate(
  { part }: PartScope,
  { user = 1000, containers, initContainers }: Pod,
  spec: Omit<k8s.types.input.core.v1.PodSpec, "containers"> = {},
) {
  return {
    metadata: { labels: partLabels(part) },
    spec: { ...restrictedPod<Container>(user, containers, initContainers), ...spec },
  };
}

/** Creates a Secret that is replaced, under another name, when its content changes. Returns its name. */
export function immutableSecret(
  scope: PartScope,
  suffix: string,
  stringData: pulumi.Input<Record<string, pulumi.Input<string>>>,
): pulumi.Output<string> {
  const args = { metadata: metadataOf(scope), immutable: true, stringData };
  return new k8s.core.v1.Secret(`${scope.name}-${suffix}`, args, { parent: scope.parent }).metadata.name;
}

/** Creates a password of 32 letters and digits. */
export function randomPassword({ name, parent }: PartScope): random.RandomPassword {
  return new random.RandomPassword(`${name}-password`, { length: 32, special: false }, { parent });
}

/** Arguments of a part that keeps its data on a claim. */
export interface StoreArgs {
  namespace: pulumi.Input<string>;
  image: pulumi.Input<string>;
  storage: Storage;
}

export interface Storage {
  /** A Kubernetes quantity such as `5Gi`. */
  size: string;
  /** @default the cluster's default */
  className: string | undefined;
  /** Keep the claim when the stack is destroyed; the next `pulumi up` adopts it. */
  protectData: boolean;
}

/**
 * Creates a PersistentVolumeClaim and returns its name. A StatefulSet's claim template could neither grow nor be deleted
 * with the stack.
 */
export function persistentVolumeClaim(
  { name, namespace, parent }: PartScope,
  claim: string,
  { size, className, protectData }: Storage,
): pulumi.Output<string> {
  return new k8s.core.v1.PersistentVolumeClaim(
    `${name}-data`,
    {
      // A class with `WaitForFirstConsumer` leaves the claim pending until its pod is scheduled.
      metadata: { name: claim, namespace, annotations: skipAwait },
      spec: {
        accessModes: ["ReadWriteOnce"],
        ...(className ? { storageClassName: className } : {}),
        resources: { requests: { storage: size } },
      },
    },
    { parent, retainOnDelete: protectData },
  ).metadata.name;
}

/** Lets a drain of nodes evict a part's pods one at a time. */
export function disruptionBudget(scope: PartScope): void {
  new k8s.policy.v1.PodDisruptionBudget(
    `${scope.name}-disruption`,
    {
      metadata: { ...metadataOf(scope), name: scope.part },
      spec: { maxUnavailable: 1, selector: { matchLabels: selectorOf(scope.part) } },
    },
    { parent: scope.parent },
  );
}

function spreadOverNodes(matchLabels: Record<string, string>): k8s.types.input.core.v1.TopologySpreadConstraint {
  const topologyKey = "kubernetes.io/hostname";
  return { topologyKey, maxSkew: 1, whenUnsatisfiable: "ScheduleAnyway", labelSelector: { matchLabels } };
}

/** Rolling update that starts a new pod before it stops an old one. */
const surgeOne = { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };

/**
 * Annotation that sets `replicas` back to the program's value after a manual `kubectl scale`; without it server-side
 * apply reports a field-manager conflict.
 */
export const forceReplicas = { "pulumi.com/patchForce": "true" };

/**
 * Annotation of what `pulumi up` does not wait for. Waiting for a Service's endpoints takes 10 s and more, and its pods
 * are waited for anyway.
 */
export const skipAwait = { "pulumi.com/skipAwait": "true" };
