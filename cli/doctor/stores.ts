import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { dirname, join } from "node:path";
import { Redis } from "ioredis";
import { dataFolder } from "../../lib/host/paths.ts";
import { dockerSays } from "../../lib/places/docker-engine.ts";
import { kubectlSays } from "../../lib/places/kubernetes-cluster.ts";
import { redisPassword } from "../../lib/render/redis-conf.ts";
import { dockerNames } from "../../lib/stack/docker-names.ts";
import { namespaceOf } from "../../lib/stack/kubernetes-names.ts";
import { broken, type DoctorCheck, type DoctorOutcome, ok, type Patient, warning } from "./outcome.ts";

/** Whether what a stack keeps is where it outlives a restart. */
export function storeChecks(patient: Patient): DoctorCheck[] {
  const { tier } = patient.settings;
  return [
    { id: "queue", run: () => queue(patient) },
    ...(tier === "process" ? [{ id: "data", run: async () => database(patient) }] : []),
    ...(tier === "docker" ? [{ id: "data", run: () => volume(patient) }] : []),
  ];
}

/** Redis as it says of itself: answers of `INFO persistence` and `CONFIG GET maxmemory-policy`. */
async function queue(patient: Patient): Promise<DoctorOutcome> {
  const { settings, outputs, pulumi, stack } = patient;
  const { redisUrl, tier, durable } = settings;
  if (redisUrl) return judge(await askYours(await pulumi.setting(stack, "redisUrl")), "`redisUrl`", "its redis.conf");
  if (tier === "process" || (tier === "docker" && durable !== "true")) {
    return ok("in the server's memory: runs in flight go with it, as the output `durability` says");
  }
  if (!outputs) return ok("comes with the first up");
  const ask = tier === "docker" ? askContainer(patient) : askPod(patient);
  return judge(await ask, "the queue", `npm start -- --stack ${stack}, which puts its configuration back`);
}

function judge(said: string, who: string, place: string): DoctorOutcome {
  const aof = /^aof_enabled:(\d)/m.exec(said)?.[1];
  const policy = /maxmemory-policy\s+(\S+)/.exec(said)?.[1];
  const wrong = [
    ...(aof === "1" ? [] : [`${who} does not append to disk (appendonly no): it loses runs in flight when it ends`]),
    ...(policy === "noeviction" || policy === undefined
      ? []
      : [`${who} drops what is queued when its memory is full (maxmemory-policy ${policy})`]),
  ];
  if (wrong.length === 0) return ok(`${who} appends to disk${policy ? " and evicts nothing" : ""}`);
  return broken(
    wrong.join("; "),
    place.startsWith("npm") ? place : `appendonly yes, maxmemory-policy noeviction in ${place}`,
  );
}

/** Some hosted Redis answers no CONFIG; what it does not say is not judged. */
async function askYours(url = ""): Promise<string> {
  const redis = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: 1,
    connectTimeout: 5000,
    retryStrategy: () => null,
  });
  // Without a listener the client writes to standard error what the failed command says.
  redis.on("error", () => {});
  try {
    await redis.connect();
    const policy = await redis.config("GET", "maxmemory-policy").catch(() => []);
    return `${await redis.info("persistence")}\n${(policy as string[]).join(" ")}`;
  } catch (error) {
    throw new Error(`the Redis at \`redisUrl\` does not answer: ${(error as Error).message}`);
  } finally {
    redis.disconnect();
  }
}

const asking = "redis-cli INFO persistence; redis-cli CONFIG GET maxmemory-policy";

async function askContainer({ stack, settings }: Patient): Promise<string> {
  return await dockerSays(
    settings.dockerContext,
    "exec",
    dockerNames(stack).queue,
    "sh",
    "-c",
    `${redisPassword}; ${asking}`,
  );
}

async function askPod({ stack, settings: { kubeContext = "", kubeconfig } }: Patient): Promise<string> {
  const exec = ["--namespace", namespaceOf(stack), "exec", "statefulset/queue", "--", "sh", "-c", asking];
  return await kubectlSays({ context: kubeContext, kubeconfig }, ...exec);
}

function database({ stack, settings, outputs }: Patient): DoctorOutcome {
  const file = join(dataFolder(stack, settings.dataDir), "server", "main.db");
  if (!existsSync(file)) {
    if (!outputs) return ok(`history will be in ${file}`);
    return broken(
      `the history is not at ${file}, and the server is up`,
      `npm start -- --stack ${stack}: the server writes into the folder that it is told`,
    );
  }
  if (isWal(file)) return ok(`history is in ${file}, in WAL mode`);
  return warning(
    `history is in ${file}, in SQLite's slow rollback mode`,
    `npm run destroy -- --stack ${stack}, sqlite3 ${file} 'PRAGMA journal_mode = WAL', npm start -- --stack ${stack}`,
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

/** The database that the server has open: what it was told stands in a file of secrets. */
const openDatabase = "readlink /proc/[0-9]*/fd/* | grep -m 1 '/main\\.db$'";

/** The server's folder is where the volume is mounted; a volume beside it keeps nothing. */
async function volume({ stack, settings, outputs }: Patient): Promise<DoctorOutcome> {
  const { dockerContext, durable } = settings;
  if (durable !== "true") return ok("history goes with the container, as the output `durability` says");
  if (!outputs) return ok("history will be in a volume");
  const names = dockerNames(stack);
  interface Container {
    Mounts: { Type: string; Name?: string; Destination: string }[];
    Config: { Env: string[] | null; WorkingDir: string };
    State?: { Running: boolean };
  }
  const inspect = ["container", "inspect", names.server];
  const [container] = JSON.parse(await dockerSays(dockerContext, ...inspect)) as [Container];
  if (container.State?.Running === false) {
    return warning("the server does not run, so where it writes is not to be seen", `npm start -- --stack ${stack}`);
  }
  const opened = await dockerSays(dockerContext, "exec", names.server, "sh", "-c", openDatabase).catch(() => "");
  const told = (container.Config.Env ?? []).find((line) => line.startsWith("INNGEST_SQLITE_DIR="))?.split("=")[1];
  const folder = opened ? dirname(opened) : (told ?? join(container.Config.WorkingDir || "/", ".inngest"));
  const mount = container.Mounts.find(({ Destination }) => Destination === folder);
  if (mount?.Type === "volume" && mount.Name === names.data)
    return ok(`the server's ${folder} is volume ${names.data}`);
  const elsewhere = container.Mounts.map(({ Destination }) => Destination).join(", ");
  return broken(
    `the server writes to ${folder}, where no volume is mounted${elsewhere ? ` (volumes are at ${elsewhere})` : ""}: history goes with the container`,
    `docker rm --force ${names.server}, then npm start -- --stack ${stack}, which mounts ${names.data} there`,
  );
}
