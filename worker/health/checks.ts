import { statfs } from "node:fs/promises";
import { freemem, totalmem } from "node:os";
import { claimStore } from "../claims/index.ts";
import { dataPath } from "../documents/files.ts";
import { settings } from "../environment.ts";
import { withRedis } from "../redis/connection.ts";
import { listFunctions, pingServer, queueDepth } from "../server/api.ts";
import { findIdleCrons } from "../server/audit.ts";

export interface Check {
  check: string;
  ok: boolean;
  /** What was seen, for people. */
  seen: string;
}

/** More items than this in the server's queues mean that work comes in faster than it is done. */
const QUEUE_LIMIT = 10_000;
/** Least share of the data folder's disk and of the machine's memory that must be free. */
const DISK_FLOOR = 0.05;
const MEMORY_FLOOR = 0.03;

const MEGABYTE = 1024 ** 2;

/** Checks the server, its queue, the crons, this machine's disk and memory, the claim store, and Redis when there is one. */
export function checkHealth(): Promise<Check[]> {
  const checks: Promise<Check>[] = [
    check("server", async () => {
      const started = Date.now();
      await pingServer();
      return { ok: true, seen: `answered in ${Date.now() - started} ms` };
    }),
    check("queue", async () => {
      const depth = await queueDepth();
      return { ok: depth <= QUEUE_LIMIT, seen: `${depth} waiting` };
    }),
    check("crons", async () => {
      const idle = await findIdleCrons(await listFunctions(), new Date());
      return {
        ok: idle.length === 0,
        seen: idle.map((each) => `${each.function}: ${each.detail}`).join("; ") || "all have run",
      };
    }),
    check("disk", checkDisk),
    check("memory", async () => amount(freemem(), totalmem(), MEMORY_FLOOR)),
    check("claims", checkClaims),
  ];
  if (settings().redisUrl) checks.push(check("redis", checkRedis));
  return Promise.all(checks);
}

export async function checkClaims(): Promise<{ ok: boolean; seen: string }> {
  await (await claimStore()).check();
  return { ok: true, seen: `${settings().claimStore.protocol}// answers` };
}

export async function checkRedis(): Promise<{ ok: boolean; seen: string }> {
  await withRedis((redis) => redis.ping());
  return { ok: true, seen: "answers" };
}

/** Runs one check; a check that throws is a check that failed. */
export async function check(name: string, run: () => Promise<{ ok: boolean; seen: string }>): Promise<Check> {
  try {
    return { check: name, ...(await run()) };
  } catch (error) {
    return { check: name, ok: false, seen: error instanceof Error ? error.message : String(error) };
  }
}

async function checkDisk(): Promise<{ ok: boolean; seen: string }> {
  const { bavail, blocks, bsize } = await statfs(dataPath()).catch(() => statfs("/"));
  return amount(bavail * bsize, blocks * bsize, DISK_FLOOR);
}

function amount(free: number, total: number, floor: number): { ok: boolean; seen: string } {
  const seen = `${Math.round(free / MEGABYTE)} of ${Math.round(total / MEGABYTE)} MiB free`;
  return { ok: free >= total * floor, seen };
}
