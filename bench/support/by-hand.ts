import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { InngestApi } from "../../components/inngest-api.ts";

/** How the worker is run and reached. */
export interface HandWorker {
  runtime: "node" | "bun";
  transport: "serve" | "connect";
}

/** Server and worker as two processes of this shell. */
export interface ByHand {
  api: InngestApi;
  eventKey: string;
  workerUrl: string;
  workerPid: number;
  /** Milliseconds from the worker's start to its first answer. */
  workerStart: number;
  stop(): Promise<void>;
}

/**
 * What a person types without this project: server and worker as two processes, and a registration.
 * The server has its defaults.
 */
export async function startByHand(port: number, { runtime, transport }: HandWorker): Promise<ByHand> {
  const folder = mkdtempSync(join(tmpdir(), "by-hand-"));
  const signingKey = randomBytes(32).toString("hex");
  const eventKey = randomBytes(24).toString("hex");
  const api = new InngestApi(`http://127.0.0.1:${port}`, signingKey);
  const workerUrl = `http://127.0.0.1:${port + 4}`;
  const children: ChildProcess[] = [];
  const start = (command: string, args: string[], variables: Record<string, string>, cwd: string): number => {
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...variables };
    const child = spawn(command, args, { cwd, env, stdio: "ignore" });
    children.push(child);
    return child.pid as number;
  };

  const ports = ["connect-gateway-port", "connect-gateway-grpc-port", "connect-executor-grpc-port"];
  const connect = ports.flatMap((flag, index) => [`--${flag}`, String(port + 1 + index)]);
  start(
    "inngest",
    ["start", "--host", "127.0.0.1", "--port", String(port), "--sqlite-dir", folder, ...connect],
    { INNGEST_SIGNING_KEY: signingKey, INNGEST_EVENT_KEY: eventKey, LOG_LEVEL: "warn", DO_NOT_TRACK: "1" },
    folder,
  );
  const begin = performance.now();
  const workerPid = start(
    runtime,
    ["serve.ts"],
    {
      INNGEST_BASE_URL: `http://127.0.0.1:${port}`,
      INNGEST_SERVE_ORIGIN: workerUrl,
      INNGEST_SIGNING_KEY: signingKey,
      INNGEST_EVENT_KEY: eventKey,
      TRANSPORT: transport,
      PORT: String(port + 4),
      DATA_DIR: folder,
    },
    "worker",
  );
  const answers = async () => (await fetch(`${workerUrl}/healthz`).catch(() => undefined))?.json();
  while (!(await answers())) await sleep(5);
  const workerStart = Math.round(performance.now() - begin);
  // The worker registers itself; a healthy one is registered.
  const degraded = async () => ((await answers()) as { degraded?: string[] }).degraded ?? [];
  while ((await degraded()).length > 0) await sleep(25);
  return {
    api,
    eventKey,
    workerUrl,
    workerPid,
    workerStart,
    async stop() {
      const ends = children.map((child) => new Promise((resolve) => child.once("exit", resolve)));
      for (const child of children.reverse()) child.kill();
      await Promise.all(ends);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
