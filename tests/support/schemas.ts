import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Kubectl } from "../../tools/kubernetes.ts";

interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  [key: string]: unknown;
}

/**
 * Writes the schemas of a cluster's kinds where kubeconform finds them, custom resources included, with unknown fields
 * refused. kubeconform's own schemas come from a network that a test has not.
 */
export function writeSchemas(kubectl: Kubectl, folder: string): void {
  const { definitions } = JSON.parse(kubectl(["get", "--raw", "/openapi/v2"])) as {
    definitions: Record<string, Schema>;
  };
  mkdirSync(folder, { recursive: true });
  for (const definition of Object.values(definitions)) {
    const kinds = (definition["x-kubernetes-group-version-kind"] ?? []) as {
      group: string;
      version: string;
      kind: string;
    }[];
    for (const { group, version, kind } of kinds) {
      const name = [kind, group.split(".")[0], version].filter(Boolean).join("-").toLowerCase();
      writeFileSync(join(folder, `${name}.json`), JSON.stringify(strict(definition, definitions)));
    }
  }
}

/** A schema without references; the few that refer to themselves (those of schemas) end where they do. */
function strict(schema: Schema, definitions: Record<string, Schema>, inside: string[] = []): Schema {
  if (schema.$ref) {
    const name = schema.$ref.replace("#/definitions/", "");
    return inside.includes(name) ? {} : strict(definitions[name] as Schema, definitions, [...inside, name]);
  }
  // A quantity and a port by name or number: the published description says `string`, the API takes numbers too.
  if (schema.format === "int-or-string" || schema["x-kubernetes-int-or-string"]) return {};
  const { properties, items, additionalProperties, ...rest } = schema;
  const deeper = (inner: Schema) => strict(inner, definitions, inside);
  return {
    ...rest,
    ...(items ? { items: deeper(items) } : {}),
    ...(properties
      ? {
          properties: Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, deeper(value)])),
          additionalProperties: false,
        }
      : typeof additionalProperties === "object"
        ? { additionalProperties: deeper(additionalProperties) }
        : {}),
  };
}
