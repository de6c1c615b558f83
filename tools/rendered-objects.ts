import { stringify } from "yaml";
import { runtimeFiles } from "../lib/runtime-files.ts";
import type { Planned } from "../tests/support/plan.ts";

/**
 * The Kubernetes objects of a plan as one text, as `kubectl apply` would take it; an object without a name gets one.
 * For a script in a ConfigMap stands where its source is, and the name of that changes with every script.
 */
export function renderObjects(resources: Planned[]): string {
  const paths = new Map(Object.entries(runtimeFiles()).map(([path, source]) => [source, path]));
  return kubernetesObjects(resources)
    .map(({ data, ...object }) => ({
      ...object,
      ...(data && {
        data: Object.fromEntries(
          Object.entries(data).map(([key, text]) => [key, key.endsWith(".ts") ? paths.get(text) : text]),
        ),
      }),
    }))
    .map((object) => `---\n${stringify(object, { lineWidth: 0 })}`)
    .join("")
    .replaceAll(/(janitor-scripts)-[0-9a-f]{8}/g, "$1");
}

export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  spec?: Record<string, unknown>;
  data?: Record<string, string>;
}

export function kubernetesObjects(resources: Planned[]): KubernetesObject[] {
  return resources
    .filter(({ type }) => type.startsWith("kubernetes:"))
    .map(({ name, inputs }) => {
      const object = inputs as unknown as KubernetesObject;
      return { ...object, metadata: { ...object.metadata, name: object.metadata.name ?? name } };
    });
}
