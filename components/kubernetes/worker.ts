import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { gatewayPorts } from "../../lib/render/caddyfile.ts";
import { preStopSleep, probes, scratch } from "../../lib/render/restricted-pod.ts";
import { gatewayService } from "../../lib/stack/kubernetes-names.ts";
import { type WorkerArgs, workerEnvironment } from "../worker-environment.ts";
import { metadataOf, type PartScope } from "./scope.ts";
import { disruptionBudget, forceReplicas, immutableSecret, workload } from "./workload.ts";

/** How the number of workers is set. */
export interface Autoscaler {
  /** `cpu`: Kubernetes' own autoscaler, by the workers' CPU. `keda`: KEDA, by the length of the server's queue. */
  kind: "cpu" | "keda";
  min: number;
  max: number;
}

export interface KubernetesWorkerArgs extends WorkerArgs {
  namespace: pulumi.Input<string>;
  /** The worker's image, which the cluster's nodes have or can pull. */
  image: pulumi.Input<string>;
  /** The stack's Redis, for shared state and for claims, which then outlive their pod. */
  redisUrl: pulumi.Input<string>;
  /** Sets the number of workers. @default always one worker */
  autoscaler?: Autoscaler | undefined;
}

/** The worker as a Deployment. A rolling update starts a new pod before an old one stops, and the old one drains. */
export class KubernetesWorker extends pulumi.ComponentResource {
  /** Changes whenever `pulumi up` replaces the workers; known once the new ones are ready. */
  public readonly instance: pulumi.Output<string>;

  constructor(name: string, args: KubernetesWorkerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:KubernetesWorker", name, {}, opts);
    const { namespace, image, port, autoscaler } = args;
    const scope = { name, part: "worker", namespace, parent: this } as const;
    const variables = pulumi.all([workerEnvironment(args), args.redisUrl]).apply(([variables, redisUrl]) => ({
      CLAIM_STORE: redisUrl,
      ...variables,
      HOST: "0.0.0.0",
      DATA_DIR: "/data",
    }));
    const environment = immutableSecret(scope, "environment", variables);
    const workers = workload(scope, "pods", {
      kind: "Deployment",
      // `pulumi up` must not reset the autoscaler's number.
      ...(autoscaler ? {} : { metadata: { annotations: forceReplicas }, spec: { replicas: 1 } }),
      pod: {
        containers: [
          {
            name: "worker",
            image,
            envFrom: [{ secretRef: { name: environment } }],
            ports: [{ name: "http", containerPort: port }],
            ...probes({ httpGet: { path: "/healthz", port } }),
            lifecycle: preStopSleep(5),
            resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "1Gi" } },
            folders: [scratch("data", "/data"), scratch("tmp", "/tmp")],
          },
        ],
      },
      service: { ports: { http: port } },
      // Functions may connect to anything, for example to download a document.
      network: { ingress: [{ from: ["server"], ports: [port] }], egress: "everywhere" },
    });
    disruptionBudget(scope);
    if (autoscaler) autoscale(scope, autoscaler);
    this.instance = pulumi.interpolate`${workers.metadata.uid} ${image} ${environment}`;
    this.registerOutputs({ instance: this.instance });
  }
}

/** Queued items per worker that KEDA aims for. */
const itemsPerWorker = 20;

function autoscale(scope: PartScope, { kind, min, max }: Autoscaler): void {
  const name = `${scope.name}-autoscaler`;
  const metadata = { ...metadataOf(scope), name: "worker" };
  const opts = { parent: scope.parent };
  if (kind === "cpu") {
    const target = { type: "Utilization", averageUtilization: 70 };
    const spec = {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "worker" },
      minReplicas: min,
      maxReplicas: max,
      metrics: [{ type: "Resource", resource: { name: "cpu", target } }],
    };
    new k8s.autoscaling.v2.HorizontalPodAutoscaler(name, { metadata, spec }, opts);
    return;
  }
  const queueLength = {
    url: pulumi.interpolate`http://${gatewayService}.${scope.namespace}:${gatewayPorts.metrics}/metrics`,
    format: "prometheus",
    valueLocation: "inngest_queue_depth",
    targetValue: String(itemsPerWorker),
  };
  const spec = {
    scaleTargetRef: { name: "worker" },
    minReplicaCount: min,
    maxReplicaCount: max,
    triggers: [{ type: "metrics-api", metadata: queueLength }],
  };
  const kedaObject = { apiVersion: "keda.sh/v1alpha1", kind: "ScaledObject", metadata, spec };
  new k8s.apiextensions.CustomResource(name, kedaObject, opts);
}
