import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { labelsOf, type Part } from "./pod.ts";

/** A job of a part's every hour, one at a time, which is not tried again before the next hour. */
export function hourlyJob(
  name: string,
  part: Part,
  namespace: pulumi.Input<string>,
  pod: Omit<k8s.types.input.core.v1.PodSpec, "restartPolicy">,
  opts: pulumi.CustomResourceOptions,
): void {
  const labels = labelsOf(part);
  new k8s.batch.v1.CronJob(
    name,
    {
      metadata: { name: part, namespace, labels },
      spec: {
        schedule: "17 * * * *",
        concurrencyPolicy: "Forbid",
        successfulJobsHistoryLimit: 1,
        failedJobsHistoryLimit: 1,
        jobTemplate: {
          spec: {
            backoffLimit: 0,
            // A round that goes on for longer than the pause between two is begun again by the next.
            activeDeadlineSeconds: 3300,
            template: { metadata: { labels }, spec: { ...pod, restartPolicy: "Never" } },
          },
        },
      },
    },
    opts,
  );
}
