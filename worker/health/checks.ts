import { statfs } from "node:fs/promises";
import { freemem, totalmem } from "node:os";
import { claimStore } from "../claims/index.ts";
import { dataPath } from "../documents/files.ts";
import { settings } from "../environment.ts";
import { reasonOf } from "../errors.ts";
import { withRedis } from "../redis/connection.ts";
import { listFunctions, pingServer, queueDepth } from "../server/api.ts";
import { findIdleCrons } from "../server/audit.ts";

export interface Outcome {
  ok: boolean;
  /** What was found, human-readable. */
  seen: string;
}

export interface Check extends Outcome {
  check: string;
}

/** More items than this in the server's queues mean that work arrives faster than it is done. */
const maxQueueDepth = 10_000;
/** Least free share of the data folder's disk and of the machine's memory. */
const minFreeDisk = 0.05;
const minFreeMemory = 0.03;

const mebibyte = 1024 ** 2;

/** Checks the server, its queue, the crons, this machine's disk and memory, the claim store, and Redis if it is configured. */
export function checkHealth(): Promise<Check[]> {
  const checks: Promise<Check>[] = [
    check("server", async () => {
      const started = Date.now();
      await pingServer();
      return { ok: true, seen: `answered in ${Date.now() - started} ms` };
    }),
    check("queue", async () => {
      const depth = await queueDepth();
      return { ok: depth <= maxQueueDepth, seen: `${depth} waiting` };
    }),
    check("crons", async () => {
      const idle = await findIdleCrons(await listFunctions(), new Date());
      const seen = idle.map((cron) => `${cron.function}: ${cron.detail}`).join("; ") || "all have run";
      return { ok: idle.length === 0, seen };
    }),
    check("disk", checkDisk),
    check("memory", async () => outcomeOf(freemem(), totalmem(), minFreeMemory)),
    check("claims", checkClaims),
  ];
  if (settings().redisUrl) checks.push(check("redis", checkRedis));
  return Promise.all(checks);
}

export async function checkClaims(): Promise<Outcome> {
  await (await claimStore()).check();
  return { ok: true, seen: `${settings().claimStore.protocol}// answers` };
}

export async function checkRedis(): Promise<Outcome> {
  await withRedis((redis) => redis.ping());
  return { ok: true, seen: "answers" };
}

/** Runs one check; a check that throws has failed. */
export async function check(name: string, run: () => Promise<Outcome>): Promise<Check> {
  try {
    return { check: name, ...(await run()) };
  } catch (error) {
    return { check: name, ok: false, seen: reasonOf(error) };
  }
}

async function checkDisk(): Promise<Outcome> {
  const { bavail, blocks, bsize } = await statfs(dataPath()).catch(() => statfs("/"));
  return outcomeOf(bavail * bsize, blocks * bsize, minFreeDisk);
}

function outcomeOf(free: number, total: number, minShare: number): Outcome {
  const seen = `${Math.round(free / mebibyte)} of ${Math.round(total / mebibyte)} MiB free`;
  return { ok: free >= total * minShare, seen };
}
