import { globSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { freePort, type Running, start, until } from "./processes.ts";
import type { TestServer } from "./server.ts";

export type RuntimeName = "node" | "bun";

/** The folder of the worker's source. */
export const workerSource = resolve(import.meta.dirname, "../..");

/** The binary of a runtime: the Node that runs this, or the development dependency `bun`, whose install script may have moved it. */
export function runtimeBinary(runtime: RuntimeName): string | undefined {
  if (runtime === "node") return process.execPath;
  return globSync(join(workerSource, "node_modules/{@oven/bun-*/bin/bun,bun/bin/bun.exe}")).sort()[0];
}

export interface WorkerOptions {
  server: TestServer;
  runtime?: RuntimeName;
  env?: Record<string, string>;
  /** The folder of the worker's source. @default this package */
  source?: string;
  /** Arguments of the runtime. @default ["serve.ts"] */
  args?: string[];
}

/** A real worker process with its own folder and port. */
export class TestWorker {
  readonly dataDirectory: string;
  readonly port: number;
  readonly #options: WorkerOptions;
  #process: Running | undefined;

  private constructor(options: WorkerOptions, dataDirectory: string, port: number) {
    this.#options = options;
    this.dataDirectory = dataDirectory;
    this.port = port;
  }

  /** Starts a worker and waits until it is registered. */
  static async start(options: WorkerOptions): Promise<TestWorker> {
    const worker = await TestWorker.prepare(options);
    worker.boot();
    await worker.registered();
    return worker;
  }

  static async prepare(options: WorkerOptions): Promise<TestWorker> {
    return new TestWorker(options, await mkdtemp(join(tmpdir(), "inngest-worker-")), await freePort());
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The worker's environment, apart from PATH. */
  get variables(): Record<string, string> {
    const { server, env } = this.#options;
    return {
      INNGEST_BASE_URL: server.url,
      INNGEST_SIGNING_KEY: server.signingKey,
      INNGEST_EVENT_KEY: server.eventKey,
      INNGEST_SERVE_ORIGIN: this.origin,
      PORT: String(this.port),
      DATA_DIR: this.dataDirectory,
      ...env,
    };
  }

  get output(): string {
    return this.#process?.output ?? "";
  }

  boot(more: Record<string, string> = {}): void {
    const { runtime = "node", source = workerSource, args = ["serve.ts"] } = this.#options;
    this.#process = start(runtimeBinary(runtime) ?? runtime, args, { ...this.variables, ...more }, source);
  }

  /** Waits until the worker is registered and nothing of it is degraded. */
  async registered(timeoutMs?: number): Promise<void> {
    await until("the worker was registered", async () => (await this.health()).degraded.length === 0, timeoutMs).catch(
      (error) => {
        throw new Error(`${error.message}\n${this.output}`);
      },
    );
  }

  async health(): Promise<{ status: string; degraded: string[]; off: string[] }> {
    const response = await fetch(`${this.origin}/healthz`);
    return (await response.json()) as { status: string; degraded: string[]; off: string[] };
  }

  async halt(signal: "SIGTERM" | "SIGKILL"): Promise<number | string> {
    return (await this.#process?.end(signal)) ?? "";
  }

  /** Ends the worker and removes its data. */
  async dispose(): Promise<void> {
    await this.halt("SIGKILL");
    await rm(this.dataDirectory, { recursive: true, force: true });
  }
}
