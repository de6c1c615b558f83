import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { InngestApi } from "../../lib/inngest/api.ts";
import { hostGateway } from "../../lib/places/docker-engine.ts";
import { schema } from "../../lib/settings/schema.ts";
import { Programs } from "./processes.ts";

/** How the worker is run and reached. */
export interface HandWorker {
  runtime: "node" | "bun";
  transport: "serve" | "connect";
}

/** What the server is, and what stands around it; the bare one is without gateway and janitor. */
export type HandServer = "process" | "containers" | "bare containers";

/** Server and worker, started by this shell. */
export interface ByHand {
  api: InngestApi;
  eventKey: string;
  workerUrl: string;
  workerPid: number;
  /** Milliseconds from the worker's start to its first answer. */
  workerStart: number;
  stop(): Promise<void>;
}

interface Keys {
  INNGEST_SIGNING_KEY: string;
  INNGEST_EVENT_KEY: string;
}

/**
 * What a person types without this project: the server with its defaults, as a process or as a container with a Redis
 * that appends to a volume, and the worker as a process, which registers itself.
 */
export async function startByHand(
  port: number,
  { runtime, transport }: HandWorker,
  server: HandServer = "process",
): Promise<ByHand> {
  const folder = mkdtempSync(join(tmpdir(), "by-hand-"));
  const programs = new Programs(folder);
  const keys = {
    INNGEST_SIGNING_KEY: randomBytes(32).toString("hex"),
    INNGEST_EVENT_KEY: randomBytes(24).toString("hex"),
  };
  const host = server === "process" ? "127.0.0.1" : "host.docker.internal";
  const removeServer =
    server === "process"
      ? startProcess(programs, port, folder, keys)
      : startContainers(port, keys, server === "bare containers");
  const workerUrl = `http://127.0.0.1:${port + 4}`;
  const begin = performance.now();
  programs.start("worker", runtime, ["serve.ts"], {
    cwd: "worker",
    variables: {
      ...keys,
      INNGEST_BASE_URL: `http://127.0.0.1:${port}`,
      INNGEST_SERVE_ORIGIN: `http://${host}:${port + 4}`,
      TRANSPORT: transport,
      PORT: String(port + 4),
      HOST: ["127.0.0.1", server === "process" ? undefined : await hostGateway()].filter(Boolean).join(),
      DATA_DIR: folder,
    },
  });
  const answers = async () => (await fetch(`${workerUrl}/healthz`).catch(() => undefined))?.json();
  while (!(await answers())) await sleep(5);
  const workerStart = Math.round(performance.now() - begin);
  // The worker registers itself; a healthy one is registered.
  const degraded = async () => ((await answers()) as { degraded?: string[] }).degraded ?? [];
  while ((await degraded()).length > 0) await sleep(25);
  return {
    api: new InngestApi(`http://127.0.0.1:${port}`, keys.INNGEST_SIGNING_KEY),
    eventKey: keys.INNGEST_EVENT_KEY,
    workerUrl,
    workerPid: programs.pids("worker")[0] as number,
    workerStart,
    async stop() {
      await programs.stop();
      removeServer();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function startProcess(programs: Programs, port: number, folder: string, keys: Keys): () => void {
  const ports = ["connect-gateway-port", "connect-gateway-grpc-port", "connect-executor-grpc-port"];
  const connect = ports.flatMap((flag, index) => [`--${flag}`, String(port + 1 + index)]);
  const flags = ["--host", "127.0.0.1", "--port", String(port), "--sqlite-dir", folder, ...connect];
  const variables = { ...keys, LOG_LEVEL: "warn", DO_NOT_TRACK: "1" };
  programs.start("server", "inngest", ["start", ...flags], { cwd: folder, variables });
  return () => {};
}

function startContainers(port: number, keys: Keys, bare: boolean): () => void {
  const name = `by-hand-${port}`;
  const docker = (...args: string[]) =>
    execFileSync("docker", args, { env: { ...process.env, ...keys }, stdio: ["ignore", "ignore", "inherit"] });
  const parts: string[] = [];
  const run = (part: string, ...args: string[]) => {
    // A server that finds no Redis yet ends.
    const always = ["--detach", "--restart", "unless-stopped", "--network", name, "--name", `${name}-${part}`];
    docker("run", ...always, ...args);
    parts.push(`${name}-${part}`);
  };
  const volume = (part: string) => ["--volume", `${name}-${part}:/data`];
  const published = ["--publish", `127.0.0.1:${port}:8288`];
  docker("network", "create", name);
  const open = ["--protected-mode", "no"];
  run(
    "queue",
    ...[...volume("queue"), schema.queueImage.default],
    ...["redis-server", "--dir", "/data", "--appendonly", "yes", ...open],
  );
  run(
    "server",
    ...[...volume("server"), ...(bare ? published : []), "--add-host", "host.docker.internal:host-gateway"],
    ...["--env", "INNGEST_SIGNING_KEY", "--env", "INNGEST_EVENT_KEY", "--env", "LOG_LEVEL=warn"],
    ...[
      schema.serverImage.default,
      "inngest",
      "start",
      "--sqlite-dir",
      "/data",
      "--redis-uri",
      `redis://${name}-queue:6379`,
    ],
  );
  if (!bare) {
    const proxy = ["caddy", "reverse-proxy", "--from", ":8288", "--to", `${name}-server:8288`];
    run("gateway", ...published, schema.gatewayImage.default, ...proxy);
    run("janitor", ...volume("server"), schema.upkeepImage.default, "node", "--eval", "setInterval(() => {}, 1e9)");
  }
  return () => {
    docker("rm", "--force", "--volumes", ...parts);
    docker("volume", "rm", `${name}-server`, `${name}-queue`);
    docker("network", "rm", name);
  };
}
