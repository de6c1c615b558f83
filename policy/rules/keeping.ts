import { posix } from "node:path";
import { entriesOf } from "../entries.ts";
import { type Resource, texts, unknown } from "../resource.ts";
import { databaseFolder, mayBeToldMore, serverOption, type Workload, workloadsOf } from "../workload.ts";
import type { Rule } from "./rule.ts";

export const dataOnVolume: Rule = {
  name: "data-on-volume",
  description:
    "A server with a volume keeps its SQLite file on it: without INNGEST_SQLITE_DIR the server writes .inngest in its " +
    "working directory, and a volume at /var/lib/inngest stays empty",
  remedy: "INNGEST_SQLITE_DIR with the folder where the volume is mounted",
  level: "mandatory",
  check(resource) {
    return workloadsOf(resource)
      .filter(({ role, keptFolders }) => role === "server" && keptFolders.length > 0)
      .filter((server) => serverOption(server, "postgres-uri") === undefined && databaseIsKept(server) === false)
      .map(
        (server) =>
          `${server.name} writes its database to ${String(databaseFolder(server))}, and its volumes are at ` +
          server.keptFolders.map(String).join(", "),
      );
  },
};

export const durableQueue: Rule<{ caches: string[] }> = {
  name: "durable-queue",
  description:
    "A server that keeps its history keeps its queue too, in a Redis that appends to a volume: the server's own queue is " +
    "in memory, where even a clean restart forgets every run in flight, and a Redis without AOF forgets minutes",
  remedy:
    "INNGEST_REDIS_URI, and that Redis with `appendonly yes` and its folder on a volume; name a Redis that is only a " +
    "cache in `caches`",
  level: "mandatory",
  settings: { caches: { type: "array", items: { type: "string" }, default: [] } },
  check(resource, { caches }) {
    if (caches.includes(resource.properties.metadata?.name)) return [];
    const workloads = workloadsOf(resource).filter(({ name }) => !caches.includes(name));
    const servers = workloads
      .filter((server) => server.role === "server" && keepsHistory(server))
      .filter((server) => serverOption(server, "redis-uri") === undefined && !mayBeToldMore(server))
      .map(({ name }) => `${name} keeps its history and has no INNGEST_REDIS_URI`);
    const queues = workloads.filter(({ role }) => role === "queue").flatMap(queueProblems);
    return [...servers, ...queues, ...configurationProblems(resource)];
  },
};

export const protectedData: Rule<{ keptBy: string[] }> = {
  name: "protected-data",
  description:
    "A volume with data is protected: `pulumi destroy`, or a change that replaces the volume, deletes what is in it",
  remedy:
    "the resource option `protect: true`; or `retainOnDelete: true`, which Pulumi does not show to policies, in a " +
    "component that `keptBy` names",
  level: "advisory",
  settings: { keptBy: { type: "array", items: { type: "string" }, default: ["inngest-local:index:"] } },
  check({ type, lineage, properties, protect }, { keptBy }) {
    if (type === "kubernetes:apps/v1:StatefulSet") {
      const policy = properties.spec?.persistentVolumeClaimRetentionPolicy?.whenDeleted;
      return policy === "Delete" ? ["persistentVolumeClaimRetentionPolicy.whenDeleted is Delete"] : [];
    }
    if (type !== "docker:index/volume:Volume" && type !== "kubernetes:core/v1:PersistentVolumeClaim") return [];
    // A volume of memory has nothing to lose.
    if (properties.driverOpts?.type === "tmpfs") return [];
    const ancestors = lineage.split("$");
    // What the program writes into it, it writes again.
    if (ancestors.includes("inngest-local:index:SecretFile")) return [];
    const kept = ancestors.some((ancestor) => keptBy.some((prefix) => ancestor.startsWith(prefix)));
    return protect || kept ? [] : ["it is not protected"];
  },
};

export const stopGrace: Rule<{ seconds: number }> = {
  name: "stop-grace",
  description:
    "Server and worker have a minute to stop: a server took 26 s with a connected worker (1.43.0), a worker ends its " +
    "running steps, and the Docker provider's own default is to kill at once",
  remedy: "Docker: stopTimeout and destroyGraceSeconds; Kubernetes: terminationGracePeriodSeconds",
  level: "mandatory",
  settings: { seconds: { type: "integer", default: 60 } },
  check(resource, { seconds }) {
    return workloadsOf(resource)
      .filter(({ role }) => role === "server" || role === "worker")
      .flatMap(({ name, graces }) =>
        Object.entries(graces)
          .filter(([, grace]) => grace !== unknown && (grace ?? 0) < seconds)
          .map(([property, grace]) => `${property} of ${name} is ${String(grace ?? "not set")}`),
      );
  },
};

/** Whether the database is in a folder that outlives the server; `undefined` when that cannot be told. */
function databaseIsKept(server: Workload): boolean | undefined {
  const database = databaseFolder(server);
  if (database === unknown) return undefined;
  const inside = (folder: string) => !posix.relative(folder, database).startsWith("..");
  if (server.keptFolders.some((folder) => folder !== unknown && inside(folder))) return true;
  return server.keptFolders.includes(unknown) ? undefined : false;
}

function keepsHistory(server: Workload): boolean {
  return serverOption(server, "postgres-uri") !== undefined || databaseIsKept(server) === true;
}

function queueProblems(queue: Workload): string[] {
  const { name, image, commandLine, environment, moreEnvironment, files, hiddenFiles, keptFolders } = queue;
  const configurations = [...files.map(({ content }) => content), ...environment.values()];
  const given = /--appendonly\s+["']?(\w+)/.exec(commandLine)?.[1];
  const readsHidden =
    /\.conf\b/.test(commandLine) && (hiddenFiles || moreEnvironment || configurations.includes(unknown));
  // Bitnami's image appends unless it is told otherwise.
  const byImage = typeof image === "string" && image.includes("bitnami");
  const switched = environment.get("REDIS_AOF_ENABLED") ?? environment.get("VALKEY_AOF_ENABLED");
  const appends = given
    ? given === "yes"
    : readsHidden || configurations.some(appendsBy) || (byImage && switched !== "no");
  if (!appends) return [`${name} is a Redis without \`appendonly yes\``];
  return keptFolders.length === 0 ? [`${name} is a Redis without a volume`] : [];
}

/** What a ConfigMap or Secret says about a Redis that reads it. */
function configurationProblems(resource: Resource): string[] {
  return entriesOf(resource)
    .filter(({ name, text }) => /^(redis|valkey)\.conf$/.test(name) && !appendsBy(text))
    .map(({ name }) => `${name} has no \`appendonly yes\``);
}

function appendsBy(configuration: unknown): boolean {
  return texts(configuration).some((text) => /^\s*appendonly\s+["']?yes\b/m.test(text));
}
