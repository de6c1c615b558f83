import { stringify } from "yaml";
import type { Planned } from "./plan.ts";

/** The Kubernetes objects of a plan as one text, as `kubectl apply` would take it; an object without a name gets one. */
export function renderObjects(resources: Planned[]): string {
  return kubernetesObjects(resources)
    .map((object) => `---\n${stringify(object, { lineWidth: 0 })}`)
    .join("");
}

export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  spec?: Record<string, unknown>;
}

export function kubernetesObjects(resources: Planned[]): KubernetesObject[] {
  return resources
    .filter(({ type }) => type.startsWith("kubernetes:"))
    .map(({ name, inputs }) => {
      const object = inputs as unknown as KubernetesObject;
      return { ...object, metadata: { ...object.metadata, name: object.metadata.name ?? name } };
    });
}
