import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { namespaceLabel, namespaceOf } from "../../lib/stack/kubernetes-names.ts";
import type { ProgramSettings } from "../settings.ts";

/**
 * A stack's namespace. It admits only pods of the Pod Security Standard `restricted`, and denies all traffic by default.
 * With `protectData` it is kept when the stack is destroyed, because its volume claims stay.
 */
export class KubernetesNamespace extends pulumi.ComponentResource {
  /** Known once the namespace exists. */
  public readonly namespace: pulumi.Output<string>;

  constructor(
    name: string,
    args: Pick<ProgramSettings, "stack" | "protectData">,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("inngest-local:index:KubernetesNamespace", name, {}, opts);
    const namespace = new k8s.core.v1.Namespace(
      `${name}-namespace`,
      {
        metadata: {
          name: namespaceOf(args.stack),
          labels: {
            [namespaceLabel]: args.stack,
            "pod-security.kubernetes.io/enforce": "restricted",
            "pod-security.kubernetes.io/enforce-version": "latest",
          },
        },
      },
      { parent: this, retainOnDelete: args.protectData },
    );
    this.namespace = namespace.metadata.name;
    new k8s.networking.v1.NetworkPolicy(
      `${name}-default-deny`,
      {
        metadata: { name: "default-deny", namespace: this.namespace },
        spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
      },
      { parent: this },
    );
    this.registerOutputs({ namespace: this.namespace });
  }
}
