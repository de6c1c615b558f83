import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { gatewayPorts } from "../../lib/render/caddyfile.ts";
import { labelsOf } from "./pod.ts";

/** Who decides how many workers there are. */
export interface Autoscaler {
  /** `cpu`: Kubernetes' own, on the workers' CPU. `keda`: KEDA, on the length of the server's queue. */
  kind: "cpu" | "keda";
  min: number;
  max: number;
  /** Name of the gateway's Service. */
  serverService: string;
}

/** Queued items for each worker that KEDA asks for. */
const itemsPerWorker = 20;

export function autoscale(
  name: string,
  namespace: pulumi.Input<string>,
  autoscaler: Autoscaler,
  opts: pulumi.CustomResourceOptions,
): void {
  const { min, max } = autoscaler;
  const metadata = { name: "worker", namespace, labels: labelsOf("worker") };
  if (autoscaler.kind === "cpu") {
    new k8s.autoscaling.v2.HorizontalPodAutoscaler(
      name,
      {
        metadata,
        spec: {
          scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "worker" },
          minReplicas: min,
          maxReplicas: max,
          metrics: [
            { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } } },
          ],
        },
      },
      opts,
    );
    return;
  }
  new k8s.apiextensions.CustomResource(
    name,
    {
      apiVersion: "keda.sh/v1alpha1",
      kind: "ScaledObject",
      metadata,
      spec: {
        scaleTargetRef: { name: "worker" },
        minReplicaCount: min,
        maxReplicaCount: max,
        triggers: [
          {
            type: "metrics-api",
            metadata: {
              url: pulumi.interpolate`http://${autoscaler.serverService}.${namespace}:${gatewayPorts.metrics}/metrics`,
              format: "prometheus",
              valueLocation: "inngest_queue_depth",
              targetValue: String(itemsPerWorker),
            },
          },
        ],
      },
    },
    opts,
  );
}
