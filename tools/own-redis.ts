import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { durableWorker } from "./durable-worker.ts";
import { freePorts } from "./ports.ts";
import { eventually, TestStack } from "./test-stack.ts";

/** A Redis as a user would have it: append-only, with a password. */
export class OwnRedis {
  readonly url: string;
  readonly #port: number;
  readonly #pid: number;
  readonly #folder: string;

  private constructor(port: number, pid: number, folder: string) {
    this.#port = port;
    this.#pid = pid;
    this.#folder = folder;
    this.url = `redis://:${password}@127.0.0.1:${port}`;
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
      if (redis.#cli("PING") !== "PONG") throw new Error("Redis does not answer yet");
    });
    return redis;
  }

  /** What it has written to its log. */
  log(): string {
    return readFileSync(join(this.#folder, "log"), "utf8");
  }

  /** Gives it a key. */
  hold(key: string): void {
    this.#cli("SET", key, "held");
  }

  empty(): void {
    this.#cli("FLUSHALL");
  }

  /** Removes all that the server keeps of a run, its items in the queue included. */
  forget(run: string): void {
    const keys = this.#cli("KEYS", `*${run}*`).split("\n");
    this.#cli("DEL", ...keys, "{queue}:queue:item");
  }

  /** Whether the queue holds a run as asleep; until then the server may still write of it. */
  holdsAsleep(run: string): boolean {
    const items = this.#cli("HVALS", "{queue}:queue:item").split("\n");
    return items.some((item) => item.includes(run) && item.includes('"kind":"sleep"'));
  }

  stop(): void {
    process.kill(this.#pid);
  }

  #cli(...args: string[]): string {
    const env = { ...process.env, REDISCLI_AUTH: password };
    return execFileSync("redis-cli", ["-p", String(this.#port), ...args], { env, encoding: "utf8" }).trim();
  }
}

/** A stack of the process tier, up, that keeps runs in flight in a Redis of its user's, with the worker that marks its steps. */
export async function stackWithRedis(): Promise<{ stack: TestStack; redis: OwnRedis }> {
  const stack = await TestStack.create("dev");
  const redis = await OwnRedis.start(stack.home);
  stack.set("workerDir", durableWorker(stack.home));
  await stack.setSecret("redisUrl", redis.url);
  await stack.up();
  return { stack, redis };
}

const password = "a-password-of-redis";
