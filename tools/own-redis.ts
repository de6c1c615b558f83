import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { queueUrlIn } from "../lib/host/queue.ts";
import { durableWorker } from "./durable-worker.ts";
import { freePorts } from "./ports.ts";
import { eventually, TestStack } from "./test-stack.ts";

/** A Redis, looked into as a person would. */
export class RedisAt {
  readonly url: string;

  /** @param url of a port of this machine, or of a Unix socket */
  constructor(url: string) {
    this.url = url;
  }

  /** Gives it a key. */
  hold(key: string): void {
    this.cli("SET", key, "held");
  }

  empty(): void {
    this.cli("FLUSHALL");
  }

  /** Removes all that the server keeps of a run, its items in the queue included. */
  forget(run: string): void {
    const keys = this.cli("KEYS", `*${run}*`).split("\n");
    this.cli("DEL", ...keys, "{queue}:queue:item");
  }

  /** Whether the queue holds a run as asleep; until then the server may still write of it. */
  holdsAsleep(run: string): boolean {
    const items = this.cli("HVALS", "{queue}:queue:item").split("\n");
    return items.some((item) => item.includes(run) && item.includes('"kind":"sleep"'));
  }

  protected cli(...args: string[]): string {
    const { protocol, port, pathname } = new URL(this.url);
    const where = protocol === "unix:" ? ["-s", decodeURIComponent(pathname)] : ["-p", port];
    const env = { ...process.env, ...(protocol === "redis:" && { REDISCLI_AUTH: password }) };
    return execFileSync("redis-cli", [...where, ...args], { env, encoding: "utf8" }).trim();
  }
}

/** A Redis as a user would have it: append-only, with a password. */
export class OwnRedis extends RedisAt {
  readonly #pid: number;
  readonly #folder: string;

  private constructor(port: number, pid: number, folder: string) {
    super(`redis://:${password}@127.0.0.1:${port}`);
    this.#pid = pid;
    this.#folder = folder;
  }

  static async start(home: string): Promise<OwnRedis> {
    const port = await freePorts(1);
    const folder = mkdtempSync(join(home, "redis-"));
    const flags = [
      "--port",
      String(port),
      "--bind",
      "127.0.0.1",
      "--dir",
      folder,
      "--appendonly",
      "yes",
      "--logfile",
      "log",
    ];
    const child = spawn("redis-server", [...flags, "--save", "", "--requirepass", password], { stdio: "ignore" });
    const redis = new OwnRedis(port, child.pid as number, folder);
    await eventually(10_000, async () => {
      if (redis.cli("PING") !== "PONG") throw new Error("Redis does not answer yet");
    });
    return redis;
  }

  /** What it has written to its log. */
  log(): string {
    return readFileSync(join(this.#folder, "log"), "utf8");
  }

  stop(): void {
    process.kill(this.#pid);
  }
}

/** A stack of the process tier, up, with the worker that marks its steps; `redis` is its queue. */
export async function stackWithQueue(): Promise<{ stack: TestStack; redis: RedisAt }> {
  const stack = await TestStack.create("dev");
  stack.set("workerDir", durableWorker(stack.home));
  await stack.up();
  return { stack, redis: new RedisAt(queueUrlIn(stack.dataFolder)) };
}

const password = "a-password-of-redis";
