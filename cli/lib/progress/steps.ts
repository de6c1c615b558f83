import type { Operation } from "./events.ts";

/** How a step is marked, with the format of the mark. */
export const marks = { "✓": "green", "✗": "red", "!": "yellow" } as const;
export type Mark = keyof typeof marks;

/** What an operation has done, by its name. */
type Words = Record<string, string | undefined>;

const partWords: Words = {
  create: "started",
  update: "updated",
  "create-replacement": "replaced",
  delete: "stopped",
};

/** Names and words of the steps that are no parts of a stack, by the component that takes them. */
const components: Record<string, { id: string; words: Words } | undefined> = {
  preflight: { id: "machine", words: { create: "checked", update: "checked" } },
  processes: { id: "processes", words: { create: "limited", update: "limited" } },
  registration: { id: "functions", words: { create: "registered", update: "registered" } },
  upkeep: { id: "janitor", words: partWords },
};

/** Words for an image's resource, which is all that its creation says. */
const imageWords: Record<string, string | undefined> = {
  "docker:index/remoteImage:RemoteImage": "image ready",
  "docker:index/image:Image": "image built",
};

/** Types of what runs; configurations, networks and the like only prepare it. */
const runningTypes: readonly string[] = [
  "command:local:Command",
  "docker:index/container:Container",
  "kubernetes:apps/v1:Deployment",
  "kubernetes:apps/v1:StatefulSet",
  "kubernetes:batch/v1:CronJob",
];

/** Types of resources that hold data. */
const dataTypes: readonly string[] = [
  "docker:index/volume:Volume",
  "kubernetes:core/v1:PersistentVolumeClaim",
  "kubernetes:core/v1:PersistentVolume",
];

/** Types whose value changes when they are replaced, and that others are given: keys and passwords. */
export const keyTypes: readonly string[] = ["random:index/randomPassword:RandomPassword"];

/** Name of the step that an operation belongs to. Names of this program's resources begin with their component's. */
export function stepOf(urn: string): string {
  const component = componentOf(urn);
  return components[component]?.id ?? component;
}

function componentOf(urn: string): string {
  const [name = ""] = (urn.split("::").at(-1) as string).split("-");
  return name;
}

/** What a person has to know of an operation that is done; `undefined` for one that only prepares. */
export function wordsFor(operation: Operation): { mark: Mark; words: string } | undefined {
  const { op, urn, type } = operation;
  const { inputs = {}, retainOnDelete } = operation.new ?? operation.old ?? {};
  const isDeleted = op === "delete" || op === "delete-replaced";
  if (isLastingVolume({ type, inputs })) {
    // The program uploads the content of those of a SecretFile.
    if (!isDeleted || urn.includes(":SecretFile$")) return undefined;
    return retainOnDelete
      ? { mark: "✓", words: `its data stays (${nameOf(inputs)})` }
      : { mark: "!", words: `DATA DELETED (${nameOf(inputs)})` };
  }
  if (keyTypes.includes(type)) {
    if (op === "create-replacement") return { mark: "!", words: "KEYS REPLACED" };
    if (componentOf(urn) !== "keys") return undefined;
    return op === "create"
      ? { mark: "✓", words: "generated" }
      : op === "delete"
        ? { mark: "!", words: "DELETED" }
        : undefined;
  }
  if (imageWords[type]) return isDeleted ? undefined : { mark: "✓", words: imageWords[type] };
  // Containers that never run prepare volumes.
  if (!runningTypes.includes(type) || inputs.mustRun === false) return undefined;
  const words = (components[componentOf(urn)]?.words ?? partWords)[op];
  return words === undefined ? undefined : { mark: "✓", words };
}

function nameOf({ name, metadata }: { name?: unknown; metadata?: unknown }): string {
  return String(name ?? (metadata as { name?: unknown } | undefined)?.name);
}

/** Whether a resource is a volume that outlives its containers; one in memory does not. */
export function isLastingVolume({ type, inputs }: { type: string; inputs: Record<string, unknown> }): boolean {
  const { type: driver } = (inputs.driverOpts ?? {}) as { type?: string };
  return dataTypes.includes(type) && driver !== "tmpfs";
}
