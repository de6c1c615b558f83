/**
 * Which changed inputs make a provider replace a resource instead of updating it: read in the sources of the pinned
 * providers (docker 5.2.0: `ForceNew` in its schema; kubernetes 4.34.2: `forceNew` in its diff; random and command: the
 * SDKs). A table, because only a provider's plugin can be asked, and a plan without an engine has none.
 */

/** Paths of inputs that replace; or, with `but`, every input but those. A path stands for all that is below it too. */
type Rule = { paths: readonly string[] } | { but: readonly string[] };

const metadata = ["metadata.name", "metadata.namespace", "metadata.generateName"];
const rules: Record<string, Rule> = {
  "random:index/randomPassword:RandomPassword": { but: [] },
  "command:local:Command": { paths: ["triggers"] },
  "docker:index/volume:Volume": { but: [] },
  "docker:index/network:Network": { but: [] },
  "docker:index/remoteImage:RemoteImage": { but: ["keepLocally", "forceRemove", "build"] },
  "docker:index/container:Container": {
    but: [
      "rm",
      "start",
      "wait",
      "waitTimeout",
      "attach",
      "logs",
      "mustRun",
      "restart",
      "maxRetryCount",
      "removeVolumes",
      "tmpfs",
      "deviceReadBps",
      "deviceReadIops",
      "deviceWriteBps",
      "deviceWriteIops",
      "destroyGraceSeconds",
      "memory",
      "memoryReservation",
      "memorySwap",
      "cpuShares",
      "cpuSet",
      "cpuPeriod",
      "cpuQuota",
      "healthcheck",
      "init",
      "containerReadRefreshTimeoutMilliseconds",
    ],
  },
  "kubernetes:core/v1:Secret": { paths: [...metadata, "type", "stringData", "data"] },
  "kubernetes:core/v1:ConfigMap": { paths: [...metadata, "binaryData", "data"] },
  "kubernetes:core/v1:PersistentVolumeClaim": {
    paths: [...metadata, "spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"],
  },
  "kubernetes:core/v1:Service": { paths: [...metadata, "spec.clusterIP"] },
  "kubernetes:apps/v1:Deployment": { paths: [...metadata, "spec.selector"] },
  "kubernetes:apps/v1:StatefulSet": {
    paths: [
      ...metadata,
      "spec.podManagementPolicy",
      "spec.revisionHistoryLimit",
      "spec.selector",
      "spec.serviceName",
      "spec.volumeClaimTemplates",
    ],
  },
  "kubernetes:batch/v1:Job": {
    paths: [...metadata, "spec.completions", "spec.parallelism", "spec.selector", "spec.template"],
  },
};

/** Types that hold what nobody can make again. */
const dataTypes: readonly string[] = [
  "docker:index/volume:Volume",
  "kubernetes:core/v1:PersistentVolumeClaim",
  "kubernetes:core/v1:PersistentVolume",
];

interface Resource {
  type: string;
  inputs: Record<string, unknown>;
}

/**
 * Tells which of a plan's resources hold such data. Not a volume of memory, nor one whose files the program itself puts
 * there by a container that does nothing else.
 */
export function keepsData(resources: readonly Resource[]): (resource: Resource) => boolean {
  const written = new Set(resources.filter(isWriter).flatMap(volumesOf));
  return ({ type, inputs }) => {
    const { type: driver } = (inputs.driverOpts ?? {}) as { type?: string };
    return dataTypes.includes(type) && driver !== "tmpfs" && !written.has(inputs.name as string);
  };
}

/** A container that is there for its uploads and never runs. */
export function isWriter({ inputs }: Resource): boolean {
  return inputs.mustRun === false && Array.isArray(inputs.uploads) && inputs.uploads.length > 0;
}

/** Names of the volumes that a container mounts. */
export function volumesOf({ inputs }: Resource): string[] {
  const mounts = (inputs.volumes ?? []) as { volumeName?: string }[];
  return mounts.flatMap(({ volumeName }) => volumeName ?? []);
}

/** Types whose value is another after a replacement, and is told to others: keys and passwords. */
export const keyTypes: readonly string[] = ["random:index/randomPassword:RandomPassword"];

/** Whether a change at that path of the inputs replaces the resource, by the provider or by the program's own word. */
export function replaces(type: string, path: string, replaceOnChanges: readonly string[] = []): boolean {
  if (covers(replaceOnChanges, path)) return true;
  const rule = ruleFor(type);
  return "but" in rule ? !covers(rule.but, path) : covers(rule.paths, path);
}

/** The part of the inputs by which the resource is this one and no other. */
export function replacing(type: string, inputs: Record<string, unknown>): unknown {
  const rule = ruleFor(type);
  if ("but" in rule) {
    return Object.fromEntries(Object.entries(inputs).filter(([key]) => !rule.but.includes(key)));
  }
  return rule.paths.map((path) => valueAt(inputs, path));
}

function ruleFor(type: string): Rule {
  return rules[type] ?? { paths: type.startsWith("kubernetes:") ? metadata : [] };
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
