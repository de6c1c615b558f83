import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/** Where data is kept. */
export interface Storage {
  /** As Kubernetes writes it: `5Gi`. */
  size: string;
  /** @default the cluster's own default */
  className?: string | undefined;
  /** Keep the claim when the stack is destroyed; the next `up` takes it on again. @default true */
  protectData?: boolean;
}

/**
 * A claim of its own rather than a StatefulSet's template: its size can grow, and whether it stays is decided here.
 * Returns its name.
 */
export function dataClaim(
  name: string,
  claim: string,
  namespace: pulumi.Input<string>,
  storage: Storage,
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  return new k8s.core.v1.PersistentVolumeClaim(
    name,
    {
      metadata: {
        name: claim,
        namespace,
        // A class that binds at first use leaves it pending until its pod is there.
        annotations: { "pulumi.com/skipAwait": "true" },
      },
      spec: {
        accessModes: ["ReadWriteOnce"],
        ...(storage.className ? { storageClassName: storage.className } : {}),
        resources: { requests: { storage: storage.size } },
      },
    },
    { ...opts, retainOnDelete: storage.protectData ?? true },
  ).metadata.name;
}
