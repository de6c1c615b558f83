import { posix } from "node:path";
import { configEntries } from "../entries.ts";
import { type Resource, stringsIn, unknown } from "../resource.ts";
import { databaseFolder, mayHaveHiddenOptions, serverOption, type Workload, workloadsOf } from "../workload.ts";
import type { Rule } from "./rule.ts";

export const dataOnVolume: Rule = {
  name: "data-on-volume",
  description:
    "A server with a volume stores its SQLite file there: without INNGEST_SQLITE_DIR the server writes .inngest in its " +
    "working directory, and a volume at /var/lib/inngest stays empty",
  remedy: "set INNGEST_SQLITE_DIR to the folder where the volume is mounted",
  level: "mandatory",
  check(resource) {
    return workloadsOf(resource)
      .filter(({ role, persistentFolders }) => role === "server" && persistentFolders.length > 0)
      .filter((server) => serverOption(server, "postgres-uri") === undefined && isDatabasePersistent(server) === false)
      .map(
        (server) =>
          `${server.name} writes its database to ${String(databaseFolder(server))}, but its volumes are mounted at ` +
          server.persistentFolders.map(String).join(", "),
      );
  },
};

export const durableQueue: Rule<{ caches: string[] }> = {
  name: "durable-queue",
  description:
    "A server that keeps its history also keeps its queue, in a Redis with AOF on a volume: the server's built-in queue is " +
    "in memory and loses every run in flight even on a clean restart, and a Redis without AOF loses its last minutes",
  remedy:
    "set INNGEST_REDIS_URI, and give that Redis `appendonly yes` and a volume for its folder; list a Redis that is only a " +
    "cache in `caches`",
  level: "mandatory",
  settings: { caches: { type: "array", items: { type: "string" }, default: [] } },
  check(resource, { caches }) {
    if (caches.includes(resource.properties.metadata?.name)) return [];
    const workloads = workloadsOf(resource).filter(({ name }) => !caches.includes(name));
    const servers = workloads
      .filter((server) => server.role === "server" && keepsHistory(server))
      .filter((server) => serverOption(server, "redis-uri") === undefined && !mayHaveHiddenOptions(server))
      .map(({ name }) => `${name} keeps its history but has no INNGEST_REDIS_URI`);
    const queues = workloads.filter(({ role }) => role === "queue").flatMap(queueProblems);
    return [...servers, ...queues, ...configurationProblems(resource)];
  },
};

export const protectedData: Rule<{ keptBy: string[] }> = {
  name: "protected-data",
  description:
    "A volume with data is protected: `pulumi destroy`, or a change that replaces the volume, deletes its contents",
  remedy:
    "set the resource option `protect: true`; or set `retainOnDelete: true`, which Pulumi hides from policies, in a " +
    "component that `keptBy` lists",
  level: "advisory",
  settings: { keptBy: { type: "array", items: { type: "string" }, default: ["inngest-local:index:"] } },
  check({ type, typeChain, properties, protect }, { keptBy }) {
    if (type === "kubernetes:apps/v1:StatefulSet") {
      const policy = properties.spec?.persistentVolumeClaimRetentionPolicy?.whenDeleted;
      return policy === "Delete" ? ["persistentVolumeClaimRetentionPolicy.whenDeleted is Delete"] : [];
    }
    if (type !== "docker:index/volume:Volume" && type !== "kubernetes:core/v1:PersistentVolumeClaim") return [];
    // A tmpfs volume keeps nothing.
    if (properties.driverOpts?.type === "tmpfs") return [];
    const types = typeChain.split("$");
    // The program can write this volume's contents again.
    if (types.includes("inngest-local:index:SecretFile")) return [];
    const retained = types.some((type) => keptBy.some((prefix) => type.startsWith(prefix)));
    return protect || retained ? [] : ["the volume is not protected"];
  },
};

export const stopGrace: Rule<{ seconds: number }> = {
  name: "stop-grace",
  description:
    "Server and worker have a minute to stop: a server waits for connected workers, a worker finishes its running steps, " +
    "and the Docker provider kills at once by default",
  remedy: "set stopTimeout and destroyGraceSeconds on Docker, terminationGracePeriodSeconds on Kubernetes",
  level: "mandatory",
  settings: { seconds: { type: "integer", default: 60 } },
  check(resource, { seconds }) {
    return workloadsOf(resource)
      .filter(({ role }) => role === "server" || role === "worker")
      .flatMap(({ name, stopGrace }) =>
        Object.entries(stopGrace)
          .filter(([, grace]) => grace !== unknown && (grace ?? 0) < seconds)
          .map(([property, grace]) => `${property} of ${name} is ${String(grace ?? "not set")}`),
      );
  },
};

/** Whether the database is in a folder that outlives the server; `undefined` if that is not known. */
function isDatabasePersistent(server: Workload): boolean | undefined {
  const database = databaseFolder(server);
  if (database === unknown) return undefined;
  const contains = (folder: string) => !posix.relative(folder, database).startsWith("..");
  if (server.persistentFolders.some((folder) => folder !== unknown && contains(folder))) return true;
  return server.persistentFolders.includes(unknown) ? undefined : false;
}

function keepsHistory(server: Workload): boolean {
  return serverOption(server, "postgres-uri") !== undefined || isDatabasePersistent(server) === true;
}

function queueProblems(queue: Workload): string[] {
  if (!appends(queue)) return [`${queue.name} is a Redis without \`appendonly yes\``];
  return queue.persistentFolders.length === 0 ? [`${queue.name} is a Redis without a volume`] : [];
}

function appends(queue: Workload): boolean {
  const { image, commandLine, environment, hasHiddenEnvironment, files, hasHiddenFiles } = queue;
  const argument = /--appendonly\s+["']?(\w+)/.exec(commandLine)?.[1];
  if (argument) return argument === "yes";
  const configurations = [...files.map(({ content }) => content), ...environment.values()];
  const hidden = hasHiddenFiles || hasHiddenEnvironment || configurations.includes(unknown);
  if (/\.conf\b/.test(commandLine) && hidden) return true;
  if (configurations.some(turnsAppendOn)) return true;
  // Bitnami's image appends by default.
  const variable = environment.get("REDIS_AOF_ENABLED") ?? environment.get("VALKEY_AOF_ENABLED");
  return typeof image === "string" && image.includes("bitnami") && variable !== "no";
}

/** What is wrong with the configuration of a Redis in a ConfigMap or Secret. */
function configurationProblems(resource: Resource): string[] {
  return configEntries(resource)
    .filter(({ name, text }) => /^(redis|valkey)\.conf$/.test(name) && !turnsAppendOn(text))
    .map(({ name }) => `${name} has no \`appendonly yes\``);
}

function turnsAppendOn(configuration: unknown): boolean {
  return stringsIn(configuration).some((text) => /^\s*appendonly\s+["']?yes\b/m.test(text));
}
