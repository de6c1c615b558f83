import { posix } from "node:path";
import {
  isObject,
  knownObjects,
  knownStrings,
  type Maybe,
  objectsOrUnknown,
  type Properties,
  type Resource,
  unknown,
} from "./resource.ts";

/** A container on Docker or in a pod. */
export interface Workload {
  platform: "docker" | "kubernetes";
  /** The container's name, for messages. */
  name: string;
  role: "server" | "worker" | "queue" | "database" | undefined;
  image: Maybe<string> | undefined;
  /** Entry point, command and arguments on one line, without those that are unknown. */
  commandLine: string;
  environment: Map<string, Maybe<string>>;
  /** Whether more variables may come from elsewhere, such as a Secret, or are not known yet. */
  hasHiddenEnvironment: boolean;
  /** Mounted folders that outlive the container. */
  persistentFolders: Maybe<string>[];
  workingDirectory: string;
  /** Files that the resource puts into the container. */
  files: { name: string; content: Maybe<string> }[];
  /** Whether the container has files whose content cannot be seen. */
  hasHiddenFiles: boolean;
  /** Ports open on the machine. */
  publishedPorts: { port: Maybe<number> | "all"; address: Maybe<string> | undefined }[];
  /** The properties that limit how long a stop may take, in seconds. */
  stopGrace: Record<string, Maybe<number> | undefined>;
  /** The pod's `enableServiceLinks`; `undefined` on Docker. */
  serviceLinks: Maybe<boolean> | undefined;
}

/** The containers that a resource runs. */
export function workloadsOf({ type, properties }: Resource): Workload[] {
  if (type === "docker:index/container:Container") return [dockerWorkload(properties)];
  if (!type.startsWith("kubernetes:")) return [];
  const { spec, claims } = podOf(properties);
  if (!spec) return [];
  const containers = [...knownObjects(spec.initContainers), ...knownObjects(spec.containers)];
  return containers.map((container) => podWorkload(spec, container, claims));
}

/** Value of an `inngest start` option, from its flag or its variable, which a shell command may also set. */
export function serverOption(workload: Workload, flag: string): Maybe<string> | undefined {
  const variable = `INNGEST_${flag.toUpperCase().replaceAll("-", "_")}`;
  const argument = new RegExp(String.raw`(?:--${flag}[\s=]+|\b${variable}=)["']?([^\s"']+)`).exec(
    workload.commandLine,
  )?.[1];
  return argument ?? workload.environment.get(variable);
}

/** Whether the server may take options from where they cannot be seen: a configuration file, a Secret, a shell script. */
export function mayHaveHiddenOptions(workload: Workload): boolean {
  const { hasHiddenEnvironment, files, commandLine, environment } = workload;
  const hasConfig = files.some(({ name }) => /(^|\/)inngest\.(json|ya?ml)$/.test(name));
  const readsElsewhere = /--config\b|(^|[\s;&])(\.|source|export|cd)\s/.test(commandLine);
  return hasHiddenEnvironment || hasConfig || readsElsewhere || environment.has("INNGEST_CONFIG");
}

/** Folder where the server writes `main.db`. */
export function databaseFolder(workload: Workload): Maybe<string> {
  const folder = serverOption(workload, "sqlite-dir");
  if (folder === unknown || (folder === undefined && mayHaveHiddenOptions(workload))) return unknown;
  return posix.resolve("/", workload.workingDirectory, folder ?? ".inngest");
}

/** An image's name without registry, repository path, tag and digest. */
function baseName(image: string): string {
  return (image.split("@")[0] as string).replace(/:[^/]*$/, "").replace(/^.*\//, "");
}

function withRole(workload: Omit<Workload, "role">): Workload {
  return { ...workload, role: roleOf(workload) };
}

function roleOf(workload: Omit<Workload, "role">): Workload["role"] {
  const { image, commandLine, environment } = workload;
  const name = typeof image === "string" ? baseName(image) : "";
  if (/\binngest(-cli)?(@\S+)?\s+start\b/.test(commandLine)) return "server";
  if (name === "inngest" && /^(start\b.*)?$/.test(commandLine)) return "server";
  if (/\b(redis|valkey|keydb)-server\b/.test(commandLine) || /^(redis|valkey|keydb)$/.test(name)) return "queue";
  // The image also contains the clients.
  if (/^(postgres|postgresql)$/.test(name) && !/\b(psql|pg_dump)\b/.test(commandLine)) return "database";
  // A dev server checks no keys, so no rule applies to it.
  if (/\binngest(-cli)?(@\S+)?\s+dev\b/.test(commandLine)) return undefined;
  return [...environment.keys()].some((variable) => variable.startsWith("INNGEST_")) ? "worker" : undefined;
}

/** What a container has under the same names on both platforms. */
function commonOf({ name, image, workingDir }: Properties) {
  return {
    name: typeof name === "string" ? name : "the container",
    image,
    workingDirectory: typeof workingDir === "string" ? workingDir : "/",
  };
}

function hasUnknown(list: unknown): boolean {
  return list === unknown || (Array.isArray(list) && list.includes(unknown));
}

/** The mount path if what is mounted there persists; folders for temporary files are left out. */
function persistentAt(path: unknown): Maybe<string>[] {
  if (path === unknown) return [unknown];
  return typeof path === "string" && !/^\/(run|var\/run|tmp|dev)(\/|$)/.test(path) ? [path] : [];
}

function oneLine(...lists: unknown[]): string {
  return lists.flatMap(knownStrings).join(" ");
}

/** Stands for the ports of a container that shares the machine's network. */
const allPorts = { port: "all", address: undefined } as const;

function dockerWorkload(container: Properties): Workload {
  const environment = new Map<string, Maybe<string>>();
  for (const pair of knownStrings(container.envs)) {
    const [name = "", ...value] = pair.split("=");
    environment.set(name, value.join("="));
  }
  const mounts = [...objectsOrUnknown(container.volumes), ...objectsOrUnknown(container.mounts)];
  return withRole({
    platform: "docker",
    ...commonOf(container),
    commandLine: oneLine(container.entrypoints, container.command),
    environment,
    hasHiddenEnvironment: hasUnknown(container.envs),
    persistentFolders: mounts
      .filter((mount) => mount === unknown || !(mount.readOnly || mount.type === "tmpfs"))
      .flatMap((mount) => persistentAt(mount === unknown ? unknown : (mount.containerPath ?? mount.target))),
    files: knownObjects(container.uploads).map(({ file, content }) => ({ name: String(file), content })),
    hasHiddenFiles: [...objectsOrUnknown(container.uploads), ...mounts].some(
      (item) => item === unknown || item.readOnly || item.hostPath || item.type === "bind",
    ),
    publishedPorts: [
      ...knownObjects(container.ports).map(({ internal, external, ip }) => ({
        port: external ?? internal,
        address: ip,
      })),
      ...(container.publishAllPorts === true || container.networkMode === "host" ? [allPorts] : []),
    ],
    stopGrace: { stopTimeout: container.stopTimeout, destroyGraceSeconds: container.destroyGraceSeconds },
    serviceLinks: undefined,
  });
}

/** The pod spec inside any kind of object that has one, and the names of its volume claim templates. */
function podOf({ kind, spec }: Properties): { spec: Properties | undefined; claims: string[] } {
  if (!isObject(spec)) return { spec: undefined, claims: [] };
  const template = spec.jobTemplate?.spec?.template ?? spec.template;
  const claims = knownObjects(spec.volumeClaimTemplates).map(({ metadata }) => metadata?.name);
  if (Array.isArray(template?.spec?.containers)) return { spec: template.spec, claims };
  return { spec: Array.isArray(spec.containers) && (kind ?? "Pod") === "Pod" ? spec : undefined, claims };
}

const ephemeralVolumes = ["emptyDir", "configMap", "secret", "projected", "downwardAPI"];

function podWorkload(pod: Properties, container: Properties, claims: string[]): Workload {
  const environment = new Map<string, Maybe<string>>();
  for (const { name, value, valueFrom } of knownObjects(container.env)) {
    const text = typeof value === "string" ? value : unknown;
    environment.set(String(name), value === undefined && valueFrom === undefined ? "" : text);
  }
  const persistent = knownObjects(pod.volumes).filter((volume) => !ephemeralVolumes.some((kind) => kind in volume));
  const volumes = new Set([...claims, ...persistent.map(({ name }) => name)]);
  const mounts = knownObjects(container.volumeMounts);
  const hasUnknownMounts = hasUnknown(pod.volumes) || hasUnknown(container.volumeMounts);
  return withRole({
    platform: "kubernetes",
    ...commonOf(container),
    commandLine: oneLine(container.command, container.args),
    environment,
    hasHiddenEnvironment: hasUnknown(container.env) || objectsOrUnknown(container.envFrom).length > 0,
    persistentFolders: [
      ...mounts
        .filter(({ name, readOnly }) => volumes.has(name) && !readOnly)
        .flatMap(({ mountPath }) => persistentAt(mountPath)),
      ...persistentAt(hasUnknownMounts ? unknown : undefined),
    ],
    files: [],
    hasHiddenFiles: hasUnknownMounts || mounts.some(({ name }) => !volumes.has(name)),
    publishedPorts: [
      ...knownObjects(container.ports)
        .filter(({ hostPort }) => hostPort !== undefined)
        .map(({ hostPort, hostIP }) => ({ port: hostPort, address: hostIP })),
      ...(pod.hostNetwork === true ? [allPorts] : []),
    ],
    stopGrace: { terminationGracePeriodSeconds: pod.terminationGracePeriodSeconds },
    serviceLinks: pod.enableServiceLinks,
  });
}
