import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { namespaceOf, stackLabel } from "./pod.ts";

export interface KubernetesNamespaceArgs {
  stack: string;
  /** Leave the namespace when the stack is destroyed, because the data claims in it stay. @default true */
  protectData?: boolean;
}

/** A stack's namespace: it admits only pods of the Pod Security Standard `restricted`, and no traffic by itself. */
export class KubernetesNamespace extends pulumi.ComponentResource {
  /** Known as soon as the namespace is there. */
  public readonly namespace: pulumi.Output<string>;

  constructor(name: string, args: KubernetesNamespaceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:KubernetesNamespace", name, {}, opts);
    const namespace = new k8s.core.v1.Namespace(
      `${name}-namespace`,
      {
        metadata: {
          name: namespaceOf(args.stack),
          labels: {
            [stackLabel]: args.stack,
            "pod-security.kubernetes.io/enforce": "restricted",
            "pod-security.kubernetes.io/enforce-version": "latest",
          },
        },
      },
      { parent: this, retainOnDelete: args.protectData ?? true },
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
