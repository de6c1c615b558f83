import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { dirname, join } from "node:path";
import { Redis } from "../../lib/data/redis.ts";
import { dataFolder } from "../../lib/host/paths.ts";
import { queueUrlIn } from "../../lib/host/queue.ts";
import { docker } from "../../lib/places/docker-engine.ts";
import { redisPassword } from "../../lib/render/redis-conf.ts";
import { containerName, dockerNames } from "../../lib/stack/docker-names.ts";
import type { Part } from "../../lib/stack/parts.ts";
import { missingQueue } from "../lib/missing-queue.ts";
import { claims } from "./kubernetes.ts";
import { broken, type DoctorCheck, type DoctorContext, type DoctorOutcome, ok, warning } from "./outcome.ts";

/** Whether what a stack keeps is where it outlives a restart. */
export function storeChecks(context: DoctorContext): DoctorCheck[] {
  const server = context.stack.parts.find("server");
  return [{ id: "queue", run: () => queue(context) }, ...(server ? dataChecks(context, server) : [])];
}

/** Where the server keeps its history; on tier cluster that is Postgres. */
function dataChecks(context: DoctorContext, { place, keeps }: Part): DoctorCheck[] {
  switch (place) {
    case "host":
      return [{ id: "data", run: async () => database(context) }];
    case "docker":
      return [{ id: "data", run: () => volume(context, keeps === "history") }];
    case "kubernetes":
      return keeps && context.outputs ? [{ id: "data", run: () => claims(context) }] : [];
  }
}

/** How a Redis persists, as it says itself. */
interface Persistence {
  appendsToDisk: boolean;
  /** Its last write or rewrite of the append-only file has failed. */
  cannotWrite: boolean;
  /** `undefined` for a hosted Redis that does not answer CONFIG. */
  evictionPolicy: string | undefined;
}

async function queue({ stack, outputs }: DoctorContext): Promise<DoctorOutcome> {
  const { name, pulumi, settings, parts } = stack;
  if (settings.redisUrl) {
    const remedy = "appendonly yes, maxmemory-policy noeviction in its redis.conf";
    return judge(await persistenceAt((await pulumi.setting(name, "redisUrl")) ?? ""), "`redisUrl`", remedy);
  }
  const part = parts.find("queue");
  if (!part) {
    const missing = missingQueue(settings);
    const start = `npm start -- --stack ${name}`;
    if (missing === undefined) return ok(inMemory);
    return typeof missing === "string"
      ? warning(inMemory, `${start}, which makes ${missing} its queue`)
      : warning(`${inMemory}; ${missing.what}`, `${missing.remedy}, then ${start}`);
  }
  if (!outputs) return ok("comes with the first up");
  const remedy = `npm start -- --stack ${name}, which restores its configuration`;
  if (part.place === "host") {
    return judge(await persistenceAt(queueUrlIn(dataFolder(name, settings.dataDir))), "the queue", remedy);
  }
  const printed = await parts.placeOf(part).exec(part, ["sh", "-c", askPersistence]);
  return judge(persistenceIn(printed), "the queue", remedy);
}

const inMemory = "in the server's memory: runs in flight end with it, as the output `durability` says";

/** What Redis prints of itself, as `name:value` lines of INFO, and the answer of CONFIG. */
function persistenceIn(printed: string): Persistence {
  return {
    appendsToDisk: /^aof_enabled:1/m.test(printed),
    cannotWrite: /^aof_last_(write|bgrewrite)_status:err/m.test(printed),
    evictionPolicy: /maxmemory-policy\s+(\S+)/.exec(printed)?.[1],
  };
}

const askPersistence = [
  `[ -n "$REDISCLI_AUTH" ] || ${redisPassword}`,
  "redis-cli INFO persistence",
  "redis-cli CONFIG GET maxmemory-policy",
].join("; ");

function judge(
  { appendsToDisk, cannotWrite, evictionPolicy }: Persistence,
  who: string,
  remedy: string,
): DoctorOutcome {
  const wrong = [
    ...(appendsToDisk ? [] : [`${who} does not append to disk (appendonly no): it loses runs in flight when it ends`]),
    ...(cannotWrite ? [`${who} could not write its append-only file, most likely because the disk is full`] : []),
    ...(evictionPolicy === "noeviction" || evictionPolicy === undefined
      ? []
      : [`${who} drops what is queued when its memory is full (maxmemory-policy ${evictionPolicy})`]),
  ];
  if (wrong.length > 0) return broken(wrong.join("; "), remedy);
  return ok(`${who} appends to disk${evictionPolicy ? " and evicts nothing" : ""}`);
}

async function persistenceAt(url: string): Promise<Persistence> {
  const redis = await Redis.connect(url);
  try {
    const policy = await redis.command("CONFIG", "GET", "maxmemory-policy").catch(() => []);
    return persistenceIn([await redis.command("INFO", "persistence"), ...(policy as string[])].join("\n"));
  } finally {
    redis.close();
  }
}

function database({ stack: { name, settings }, outputs }: DoctorContext): DoctorOutcome {
  const file = join(dataFolder(name, settings.dataDir), "server", "main.db");
  if (!existsSync(file)) {
    if (!outputs) return ok(`history will be in ${file}`);
    return broken(
      `the history is not at ${file}, and the server is up`,
      `npm start -- --stack ${name}: the server then writes into that folder`,
    );
  }
  if (isWal(file)) return ok(`history is in ${file}, in WAL mode`);
  return warning(
    `history is in ${file}, in SQLite's slow rollback mode`,
    `npm run destroy -- --stack ${name}, sqlite3 ${file} 'PRAGMA journal_mode = WAL', npm start -- --stack ${name}`,
  );
}

/** By the two bytes of the header that say so: https://www.sqlite.org/fileformat.html */
function isWal(file: string): boolean {
  const header = Buffer.alloc(20);
  const descriptor = openSync(file, "r");
  try {
    readSync(descriptor, header, 0, header.length, 0);
  } finally {
    closeSync(descriptor);
  }
  return header[18] === 2 && header[19] === 2;
}

/** Prints the database that the server has open; its configured folder is in a file of secrets. */
const openDatabase = "readlink /proc/[0-9]*/fd/* | grep -m 1 '/main\\.db$'";

/** Whether the volume is mounted at the server's folder; mounted anywhere else it keeps nothing. */
async function volume({ stack: { name, settings }, outputs }: DoctorContext, isKept: boolean): Promise<DoctorOutcome> {
  if (!isKept) return ok("history ends with the container, as the output `durability` says");
  if (!outputs) return ok("history will be in a volume");
  const { dockerContext } = settings;
  const server = containerName(name, "server");
  const { data } = dockerNames(name);
  interface Container {
    Mounts: { Type: string; Name?: string; Destination: string }[];
    Config: { Env: string[] | null; WorkingDir: string };
    State?: { Running: boolean };
  }
  const [container] = JSON.parse(await docker(dockerContext, ["container", "inspect", server])) as [Container];
  if (container.State?.Running === false) {
    return warning("the server does not run, so its folder cannot be found", `npm start -- --stack ${name}`);
  }
  const opened = await docker(dockerContext, ["exec", server, "sh", "-c", openDatabase]).catch(() => "");
  const given = (container.Config.Env ?? []).find((line) => line.startsWith("INNGEST_SQLITE_DIR="))?.split("=")[1];
  const folder = opened ? dirname(opened) : (given ?? join(container.Config.WorkingDir || "/", ".inngest"));
  const mount = container.Mounts.find(({ Destination }) => Destination === folder);
  if (mount?.Type === "volume" && mount.Name === data) return ok(`the server's ${folder} is volume ${data}`);
  const elsewhere = container.Mounts.map(({ Destination }) => Destination).join(", ");
  return broken(
    `the server writes to ${folder}, where no volume is mounted${elsewhere ? ` (volumes are at ${elsewhere})` : ""}: history ends with the container`,
    `docker rm --force ${server}, then npm start -- --stack ${name}, which mounts ${data} there`,
  );
}
