import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { type WorkerArgs, workerEnvironment } from "../worker-environment.ts";
import { type Autoscaler, autoscale } from "./autoscaler.ts";
import { networkPolicy } from "./network-policy.ts";
import {
  labelsOf,
  oneMoreWhileRolling,
  ownNumber,
  type Part,
  restrictedContainer,
  restrictedPod,
  scratch,
  selectorOf,
  stopsAfter,
  watched,
  withoutWaiting,
} from "./pod.ts";

export interface KubernetesWorkerArgs extends WorkerArgs {
  namespace: pulumi.Input<string>;
  /** The worker's image, which the cluster's nodes have or can pull. */
  image: pulumi.Input<string>;
  /** Redis of the stack, for shared state and for claims, which then outlive the pod that made them. */
  redisUrl: pulumi.Input<string>;
  /** Where the server reaches the workers. */
  origin: string;
  /** Who decides how many workers there are. @default one worker, for ever */
  autoscaler?: Autoscaler | undefined;
}

/** The worker as pods behind a Service; a rolling update starts a new one before an old one stops, and that one drains. */
export class KubernetesWorker extends pulumi.ComponentResource {
  /** Changes with every other worker; known when it is ready. */
  public readonly instance: pulumi.Output<string>;

  constructor(name: string, args: KubernetesWorkerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:KubernetesWorker", name, {}, opts);
    const { namespace, port } = args;
    const child = { parent: this };
    const labels = labelsOf("worker");
    const secret = new k8s.core.v1.Secret(
      `${name}-environment`,
      {
        metadata: { namespace, labels },
        immutable: true,
        stringData: pulumi.all([workerEnvironment(args), args.redisUrl]).apply(([variables, redisUrl]) => ({
          CLAIM_STORE: redisUrl,
          ...variables,
          HOST: "0.0.0.0",
          DATA_DIR: "/data",
        })),
      },
      child,
    );
    const data = scratch("data", "/data");
    const temporary = scratch("tmp", "/tmp");
    const health = { httpGet: { path: "/healthz", port } };
    new k8s.core.v1.Service(
      `${name}-service`,
      {
        metadata: { name: "worker", namespace, labels, annotations: withoutWaiting },
        spec: { selector: selectorOf("worker"), ports: [{ name: "http", port }] },
      },
      child,
    );
    const workers = new k8s.apps.v1.Deployment(
      `${name}-pods`,
      {
        // The autoscaler's own number would be taken back by every `up`.
        metadata: { name: "worker", namespace, labels, ...(args.autoscaler ? {} : { annotations: ownNumber }) },
        spec: {
          ...(args.autoscaler ? {} : { replicas: 1 }),
          selector: { matchLabels: selectorOf("worker") },
          strategy: oneMoreWhileRolling,
          template: {
            metadata: { labels },
            spec: {
              ...restrictedPod(1000),
              containers: [
                {
                  ...restrictedContainer,
                  name: "worker",
                  image: args.image,
                  envFrom: [{ secretRef: { name: secret.metadata.name } }],
                  ports: [{ name: "http", containerPort: port }],
                  ...watched(health),
                  // A pod that is told to stop still gets new requests until every node has heard of it.
                  lifecycle: stopsAfter(5),
                  resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "1Gi" } },
                  volumeMounts: [data.mount, temporary.mount],
                },
              ],
              volumes: [data.volume, temporary.volume],
              topologySpreadConstraints: [spreadOverNodes("worker")],
            },
          },
        },
      },
      child,
    );
    disruptionBudget(`${name}-disruption`, "worker", namespace, child);
    if (args.autoscaler) autoscale(`${name}-autoscaler`, namespace, args.autoscaler, child);
    networkPolicy(
      `${name}-network`,
      "worker",
      namespace,
      // What functions do, such as downloading a document, is theirs.
      { in: [{ with: ["server"], ports: [port] }], out: "everywhere" },
      child,
    );
    this.instance = pulumi.interpolate`${workers.metadata.uid} ${args.image} ${secret.metadata.name}`;
    this.registerOutputs({ instance: this.instance });
  }
}

/** Where the server reaches a worker beside it. */
export function workerOrigin(port: number): string {
  return `http://worker:${port}`;
}

/** No two pods of a part on one node as long as there are others. */
export function spreadOverNodes(part: Part): k8s.types.input.core.v1.TopologySpreadConstraint {
  return {
    topologyKey: "kubernetes.io/hostname",
    maxSkew: 1,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: selectorOf(part) },
  };
}

/** A drain of nodes takes a part's pods one by one; a lone pod it just moves. */
export function disruptionBudget(
  name: string,
  part: Part,
  namespace: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): void {
  new k8s.policy.v1.PodDisruptionBudget(
    name,
    {
      metadata: { name: part, namespace, labels: labelsOf(part) },
      spec: { maxUnavailable: 1, selector: { matchLabels: selectorOf(part) } },
    },
    opts,
  );
}
