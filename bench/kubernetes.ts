import { schema } from "../lib/settings/schema.ts";
import { clusterOrReason, kubectlOn } from "../tools/kubernetes.ts";
import type { KubernetesObject } from "../tools/rendered-objects.ts";
import { TestStack } from "../tools/test-stack.ts";
import { clusterSettings } from "./support/cluster.ts";
import { compare, type Report, report, timed } from "./support/measure.ts";

/** `pulumi up` of the tier `kubernetes` from nothing to ready, against kubectl with the same objects. */
export async function run(rounds: number): Promise<Report> {
  const found = await clusterOrReason();
  if ("reason" in found) throw new Error(found.reason);
  const kubectl = kubectlOn(found.cluster);
  const stack = await TestStack.create("kubernetes", clusterSettings(found.cluster));
  const namespace = `inngest-${stack.name}`;
  let objects: KubernetesObject[] = [];
  const ours = async () => {
    const time = await timed(() => stack.up());
    objects = objectsIn(await stack.exportedState("--show-secrets"));
    await stack.destroy();
    return time;
  };
  const baseline = async () => {
    const time = await timed(async () => {
      kubectl(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
      for (const { kind, metadata } of objects.filter(({ spec }) => spec?.template)) {
        kubectl(["--namespace", namespace, "rollout", "status", `${kind}/${metadata.name}`, "--timeout=120s"]);
      }
    });
    kubectl(["delete", "namespace", namespace, "--wait"]);
    return time;
  };
  try {
    return report(
      "kubernetes",
      `From nothing to ready on a warm node that has the images (${schema.serverImage.default} and others). Ours: \`pulumi up\`, which also ` +
        "inspects the cluster first and registers the worker. Baseline: `kubectl apply` of the same objects and `kubectl rollout status`.",
      [await compare("kubernetes", rounds, ours, baseline, { bound: "at most", ratio: 1.3 })],
    );
  } finally {
    await stack.remove();
  }
}

/** The Kubernetes objects in an exported state, with their generated names. */
function objectsIn(state: string): KubernetesObject[] {
  interface Resource {
    type: string;
    inputs: KubernetesObject & { __initialApiVersion?: string };
    outputs: KubernetesObject;
  }
  const { deployment } = JSON.parse(state) as { deployment: { resources: Resource[] } };
  return deployment.resources
    .filter(({ type }) => type.startsWith("kubernetes:"))
    .map(({ inputs, outputs }) => ({
      ...decrypted(inputs),
      metadata: { ...inputs.metadata, name: outputs.metadata.name },
    }));
}

/** Unwraps secrets: in an exported state each is an object with the value's JSON as `plaintext`. */
function decrypted(value: unknown): KubernetesObject {
  return JSON.parse(JSON.stringify(value), (key, inner) => {
    if (key === "__initialApiVersion") return undefined;
    return typeof inner?.plaintext === "string" ? JSON.parse(inner.plaintext) : inner;
  }) as KubernetesObject;
}
