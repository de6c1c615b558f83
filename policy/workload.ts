import { posix } from "node:path";
import {
  isObject,
  type Maybe,
  objects,
  objectsAndUnknown,
  type Properties,
  type Resource,
  unknown,
  words,
} from "./resource.ts";

/** A container that some program runs, on Docker or in a pod. */
export interface Workload {
  where: "docker" | "kubernetes";
  /** Its name within its resource, for messages. */
  name: string;
  role: "server" | "worker" | "queue" | "database" | undefined;
  image: Maybe<string> | undefined;
  /** Entry point, command and arguments as one line; what is not known is left out. */
  commandLine: string;
  environment: Map<string, Maybe<string>>;
  /** More variables may come from elsewhere, such as a Secret, or are not known yet. */
  moreEnvironment: boolean;
  /** Folders that outlive it. */
  keptFolders: Maybe<string>[];
  workingDirectory: string;
  /** Texts of files put into it, and whether there are some that cannot be seen. */
  files: { name: string; content: Maybe<string> }[];
  hiddenFiles: boolean;
  /** Ports open on the machine. */
  published: { port: Maybe<number> | "all"; address: Maybe<string> | undefined }[];
  /** The properties that say how long a stop may take, in seconds, as they are. */
  graces: Record<string, Maybe<number> | undefined>;
  /** What a pod says about variables of Services; nothing on Docker. */
  serviceLinks: Maybe<boolean> | undefined;
}

/** The containers that a resource runs. */
export function workloadsOf({ type, properties }: Resource): Workload[] {
  if (type === "docker:index/container:Container") return [dockerWorkload(properties)];
  if (!type.startsWith("kubernetes:")) return [];
  const { spec, claims } = podOf(properties);
  if (!spec) return [];
  const containers = [...objects(spec.initContainers), ...objects(spec.containers)];
  return containers.map((container) => podWorkload(spec, container, claims));
}

/** Value of an option of `inngest start`: of its flag, or of its variable, which a shell may set as well. */
export function serverOption(workload: Workload, flag: string): Maybe<string> | undefined {
  const variable = `INNGEST_${flag.toUpperCase().replaceAll("-", "_")}`;
  const given = new RegExp(String.raw`(?:--${flag}[\s=]+|\b${variable}=)["']?([^\s"']+)`).exec(
    workload.commandLine,
  )?.[1];
  return given ?? workload.environment.get(variable);
}

/** Whether the server may be told more than can be seen: by a configuration file, by variables from elsewhere, by a shell. */
export function mayBeToldMore(workload: Workload): boolean {
  const { moreEnvironment, files, commandLine, environment } = workload;
  const configured = files.some(({ name }) => /(^|\/)inngest\.(json|ya?ml)$/.test(name));
  const pointed = /--config\b|(^|[\s;&])(\.|source|export|cd)\s/.test(commandLine);
  return moreEnvironment || configured || pointed || environment.has("INNGEST_CONFIG");
}

/** Folder of the server's `main.db`, as it takes it. */
export function databaseFolder(workload: Workload): Maybe<string> {
  const folder = serverOption(workload, "sqlite-dir");
  if (folder === unknown || (folder === undefined && mayBeToldMore(workload))) return unknown;
  return posix.resolve("/", workload.workingDirectory, folder ?? ".inngest");
}

/** An image's name without registry, folder, tag and digest. */
function baseName(image: string): string {
  return (image.split("@")[0] as string).replace(/:[^/]*$/, "").replace(/^.*\//, "");
}

function roleOf(workload: Omit<Workload, "role">): Workload["role"] {
  const { image, commandLine, environment } = workload;
  const name = typeof image === "string" ? baseName(image) : "";
  if (/\binngest(-cli)?(@\S+)?\s+start\b/.test(commandLine)) return "server";
  if (name === "inngest" && /^(start\b.*)?$/.test(commandLine)) return "server";
  if (/\b(redis|valkey|keydb)-server\b/.test(commandLine) || /^(redis|valkey|keydb)$/.test(name)) return "queue";
  // The image brings the clients too.
  if (/^(postgres|postgresql)$/.test(name) && !/\b(psql|pg_dump)\b/.test(commandLine)) return "database";
  // A dev server is neither: it is for another use, and checks no key.
  if (/\binngest(-cli)?(@\S+)?\s+dev\b/.test(commandLine)) return undefined;
  const told = [...environment.keys()].some((variable) => variable.startsWith("INNGEST_"));
  return told ? "worker" : undefined;
}

function withRole(workload: Omit<Workload, "role">): Workload {
  return { ...workload, role: roleOf(workload) };
}

function holdsUnknown(list: unknown): boolean {
  return list === unknown || (Array.isArray(list) && list.includes(unknown));
}

/** Where something is kept: what is mounted there for the time of a run alone is left out. */
function keptAt(path: unknown): Maybe<string>[] {
  if (path === unknown) return [unknown];
  return typeof path === "string" && !/^\/(run|var\/run|tmp|dev)(\/|$)/.test(path) ? [path] : [];
}

function line(...lists: unknown[]): string {
  return lists.flatMap(words).join(" ");
}

function dockerWorkload(container: Properties): Workload {
  const environment = new Map<string, Maybe<string>>();
  for (const pair of words(container.envs)) {
    const [name = "", ...value] = pair.split("=");
    environment.set(name, value.join("="));
  }
  const mounts = [...objectsAndUnknown(container.volumes), ...objectsAndUnknown(container.mounts)];
  return withRole({
    where: "docker",
    name: typeof container.name === "string" ? container.name : "the container",
    image: container.image,
    commandLine: line(container.entrypoints, container.command),
    environment,
    moreEnvironment: holdsUnknown(container.envs),
    keptFolders: mounts
      .filter((mount) => mount === unknown || !(mount.readOnly || mount.type === "tmpfs"))
      .flatMap((mount) => keptAt(mount === unknown ? unknown : (mount.containerPath ?? mount.target))),
    workingDirectory: typeof container.workingDir === "string" ? container.workingDir : "/",
    files: objects(container.uploads).map(({ file, content }) => ({ name: String(file), content })),
    hiddenFiles: [...objectsAndUnknown(container.uploads), ...mounts].some(
      (item) => item === unknown || item.readOnly || item.hostPath || item.type === "bind",
    ),
    published: [
      ...objects(container.ports).map(({ internal, external, ip }) => ({ port: external ?? internal, address: ip })),
      ...(container.publishAllPorts === true || container.networkMode === "host"
        ? [{ port: "all" as const, address: undefined }]
        : []),
    ],
    graces: { stopTimeout: container.stopTimeout, destroyGraceSeconds: container.destroyGraceSeconds },
    serviceLinks: undefined,
  });
}

/** A pod's specification in whatever holds one, and the names of claims that its pods get each for itself. */
function podOf({ kind, spec }: Properties): { spec: Properties | undefined; claims: string[] } {
  if (!isObject(spec)) return { spec: undefined, claims: [] };
  const template = spec.jobTemplate?.spec?.template ?? spec.template;
  const claims = objects(spec.volumeClaimTemplates).map(({ metadata }) => metadata?.name);
  if (Array.isArray(template?.spec?.containers)) return { spec: template.spec, claims };
  return { spec: Array.isArray(spec.containers) && (kind ?? "Pod") === "Pod" ? spec : undefined, claims };
}

function podWorkload(pod: Properties, container: Properties, claims: string[]): Workload {
  const environment = new Map<string, Maybe<string>>();
  for (const { name, value, valueFrom } of objects(container.env)) {
    const text = typeof value === "string" ? value : unknown;
    environment.set(String(name), value === undefined && valueFrom === undefined ? "" : text);
  }
  const volumes = objects(pod.volumes);
  const kept = new Set([
    ...claims,
    ...volumes
      .filter(
        (volume) => !["emptyDir", "configMap", "secret", "projected", "downwardAPI"].some((kind) => kind in volume),
      )
      .map(({ name }) => name),
  ]);
  const mounts = objects(container.volumeMounts);
  const hidden = holdsUnknown(pod.volumes) || holdsUnknown(container.volumeMounts);
  return withRole({
    where: "kubernetes",
    name: typeof container.name === "string" ? container.name : "the container",
    image: container.image,
    commandLine: line(container.command, container.args),
    environment,
    moreEnvironment: holdsUnknown(container.env) || objectsAndUnknown(container.envFrom).length > 0,
    keptFolders: [
      ...mounts
        .filter(({ name, readOnly }) => kept.has(name) && !readOnly)
        .flatMap(({ mountPath }) => keptAt(mountPath)),
      ...keptAt(hidden ? unknown : undefined),
    ],
    workingDirectory: typeof container.workingDir === "string" ? container.workingDir : "/",
    files: [],
    hiddenFiles: hidden || mounts.some(({ name }) => !kept.has(name)),
    published: [
      ...objects(container.ports)
        .filter(({ hostPort }) => hostPort !== undefined)
        .map(({ hostPort, hostIP }) => ({ port: hostPort, address: hostIP })),
      ...(pod.hostNetwork === true ? [{ port: "all" as const, address: undefined }] : []),
    ],
    graces: { terminationGracePeriodSeconds: pod.terminationGracePeriodSeconds },
    serviceLinks: pod.enableServiceLinks,
  });
}
