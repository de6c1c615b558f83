import { mkdtemp, rm } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, type Running, start, until } from "./processes.ts";

/** A real Redis with its own folder and port; its data survives a restart. */
export class TestRedis {
  readonly #folder: string;
  readonly #port: number;
  #process: Running | undefined;

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.#port = port;
  }

  static async start(): Promise<TestRedis> {
    const redis = new TestRedis(await mkdtemp(join(tmpdir(), "inngest-redis-")), await freePort());
    await redis.boot();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#port}`;
  }

  async boot(): Promise<void> {
    const settings = ["--bind", "127.0.0.1", "--port", String(this.#port), "--appendonly", "yes", "--save", ""];
    this.#process = start("redis-server", settings, {}, this.#folder);
    await until("redis listened", () => canConnect(this.#port));
  }

  async halt(): Promise<void> {
    await this.#process?.end("SIGKILL");
  }

  async dispose(): Promise<void> {
    await this.halt();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}
