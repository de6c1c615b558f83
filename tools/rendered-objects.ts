import { readdirSync, readFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { applyPatch, createTwoFilesPatch, FILE_HEADERS_ONLY } from "diff";
import { stringify } from "yaml";
import { runtimeFiles } from "../lib/runtime-files.ts";
import type { Planned } from "../tests/support/plan.ts";

/**
 * The Kubernetes objects of a plan as one text that `kubectl apply` accepts, sorted by kind and name. Scripts in a
 * ConfigMap are shown as their path, and without the hash in the ConfigMap's name, which changes with every script.
 */
export function renderObjects(resources: Planned[]): string {
  const paths = new Map(Object.entries(runtimeFiles()).map(([path, source]) => [source, path]));
  const identity = ({ kind, metadata }: KubernetesObject) => `${kind} ${metadata.name}`;
  return kubernetesObjects(resources)
    .sort((a, b) => (identity(a) < identity(b) ? -1 : 1))
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

/**
 * The reviewed file of a variant such as `cluster-keda`, and its content: the objects themselves for a base such as
 * `cluster`, for the others what differs from the base.
 */
export function renderedFile(variant: string, texts: Record<string, string>): { name: string; content: string } {
  const [base = variant] = variant.split("-");
  const text = texts[variant] as string;
  if (variant === base) return { name: `${variant}.yaml`, content: text };
  const names = [`${base}.yaml`, `${variant}.yaml`] as const;
  const content = createTwoFilesPatch(...names, texts[base] as string, text, undefined, undefined, {
    context: 2,
    headerOptions: FILE_HEADERS_ONLY,
  });
  return { name: `${variant}.diff`, content };
}

/** All objects of every variant, given the content of each {@link renderedFile} by name. */
export function wholeTexts(files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).map(([name, content]) => {
      const variant = basename(name, extname(name));
      if (name.endsWith(".yaml")) return [variant, content];
      const text = applyPatch(files[`${variant.split("-")[0]}.yaml`] ?? "", content);
      if (text === false) throw new Error(`${name} does not apply to its base`);
      return [variant, text];
    }),
  );
}

/** {@link wholeTexts} of the reviewed files. */
export function reviewedTexts(): Record<string, string> {
  const folder = "tests/rendered/kubernetes";
  return wholeTexts(
    Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")])),
  );
}

export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  spec?: Record<string, unknown>;
  data?: Record<string, string>;
}

/** The Kubernetes objects of a plan; an object without a name gets its resource's. */
export function kubernetesObjects(resources: Planned[]): KubernetesObject[] {
  return resources
    .filter(({ type }) => type.startsWith("kubernetes:"))
    .map(({ name, inputs }) => {
      const object = inputs as unknown as KubernetesObject;
      return { ...object, metadata: { ...object.metadata, name: object.metadata.name ?? name } };
    });
}
