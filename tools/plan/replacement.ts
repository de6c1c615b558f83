import { readFileSync } from "node:fs";

/**
 * The inputs by whose change a provider replaces a resource instead of updating it, by type. A path covers everything
 * below it. A table, because only a provider's plugin could be asked, and a plan without an engine has none.
 */
type Table = Record<string, readonly string[] | "every input">;

/** From the providers' schemas, where these mark such inputs: written by tools/replacing-inputs.ts. */
const fromSchemas: Table = JSON.parse(readFileSync(new URL("replacing-inputs.json", import.meta.url), "utf8"));

const metadata = ["metadata.name", "metadata.namespace", "metadata.generateName"];

/** Read in the sources of the pinned providers: random 4.21.2, and `forceNew` in the diff of kubernetes 4.34.2. */
const fromSources: Table = {
  "random:index/randomPassword:RandomPassword": "every input",
  "kubernetes:core/v1:Secret": [...metadata, "type", "stringData", "data"],
  "kubernetes:core/v1:ConfigMap": [...metadata, "binaryData", "data"],
  "kubernetes:core/v1:PersistentVolumeClaim": [
    ...metadata,
    "spec.accessModes",
    "spec.selector",
    "spec.storageClassName",
    "spec.volumeName",
  ],
  "kubernetes:core/v1:Service": [...metadata, "spec.clusterIP"],
  "kubernetes:apps/v1:Deployment": [...metadata, "spec.selector"],
  "kubernetes:apps/v1:StatefulSet": [
    ...metadata,
    "spec.podManagementPolicy",
    "spec.revisionHistoryLimit",
    "spec.selector",
    "spec.serviceName",
    "spec.volumeClaimTemplates",
  ],
  "kubernetes:batch/v1:Job": [...metadata, "spec.completions", "spec.parallelism", "spec.selector", "spec.template"],
};

/** Whether a change at that path of the inputs replaces the resource, because of the provider or of the program. */
export function replaces(type: string, path: string, replaceOnChanges: readonly string[] = []): boolean {
  const inputs = replacingInputs(type);
  return inputs === "every input" || covers(inputs, path) || covers(replaceOnChanges, path);
}

/** The part of the inputs whose change replaces the resource. */
export function replacing(type: string, inputs: Record<string, unknown>): unknown {
  const paths = replacingInputs(type);
  return paths === "every input" ? inputs : paths.map((path) => valueAt(inputs, path));
}

function replacingInputs(type: string): Table[string] {
  return fromSources[type] ?? fromSchemas[type] ?? (type.startsWith("kubernetes:") ? metadata : []);
}

function covers(paths: readonly string[], path: string): boolean {
  return paths.some((each) => {
    const prefix = each.replace(/\[\*\]$/, "");
    return prefix === "*" || path === prefix || path.startsWith(`${prefix}.`) || path.startsWith(`${prefix}[`);
  });
}

function valueAt(value: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
}
