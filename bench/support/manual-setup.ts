import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { InngestApi, type Run } from "../../lib/inngest/api.ts";
import { hostGateway } from "../../lib/places/docker-engine.ts";
import { schema } from "../../lib/settings/schema.ts";
import { keyVariables, randomKeys, recipeArguments } from "./local-inngest.ts";
import { Programs } from "./processes.ts";
import { untilReady } from "./subject.ts";

/** How the worker runs and how the server reaches it. */
export interface ManualWorker {
  runtime: "node" | "bun";
  transport: "serve" | "connect";
}

/** How the server runs. `containers` includes a gateway and a janitor, `bare containers` only server and queue. */
export type ManualServer = "process" | "containers" | "bare containers";

/** A running server and worker. */
export interface ManualSetup {
  workerPid: number;
  /** Milliseconds from the start of the worker's process to its first response. */
  workerStart: number;
  /** Sends the worker one task and waits until its run is `reached`. */
  runTask(reached: (run: Run) => boolean): Promise<Run>;
  stop(): Promise<void>;
}

type KeyVariables = ReturnType<typeof keyVariables>;

/**
 * Starts what a person would start without this project: the server with its defaults, as a process or as a container
 * with a Redis that appends to a volume, and the worker as a process that registers itself.
 */
export async function startManually(
  port: number,
  { runtime, transport }: ManualWorker,
  server: ManualServer = "process",
): Promise<ManualSetup> {
  const folder = mkdtempSync(join(tmpdir(), "manual-"));
  const programs = new Programs(folder);
  const keys = randomKeys();
  const variables = keyVariables(keys);
  const onHost = server === "process";
  const removeServer = onHost
    ? startProcess(programs, port, folder, variables)
    : startContainers(port, variables, server === "bare containers");
  const workerUrl = `http://127.0.0.1:${port + 4}`;
  const started = performance.now();
  programs.start("worker", runtime, ["serve.ts"], {
    cwd: "worker",
    variables: {
      ...variables,
      INNGEST_BASE_URL: `http://127.0.0.1:${port}`,
      INNGEST_SERVE_ORIGIN: `http://${onHost ? "127.0.0.1" : "host.docker.internal"}:${port + 4}`,
      TRANSPORT: transport,
      PORT: String(port + 4),
      HOST: ["127.0.0.1", onHost ? undefined : await hostGateway()].filter(Boolean).join(),
      DATA_DIR: folder,
    },
  });
  const health = async () => (await fetch(`${workerUrl}/healthz`).catch(() => undefined))?.json();
  while (!(await health())) await sleep(5);
  const workerStart = Math.round(performance.now() - started);
  // The worker is healthy once it has registered itself.
  const degraded = async () => ((await health()) as { degraded?: string[] }).degraded ?? [];
  while ((await degraded()).length > 0) await sleep(25);
  const api = new InngestApi(`http://127.0.0.1:${port}`, keys.signingKey);
  return {
    workerPid: programs.pids("worker")[0] as number,
    workerStart,
    async runTask(reached) {
      const data = { url: `${workerUrl}/healthz`, outputPath: "task.json" };
      const event = await api.send(keys.eventKey, { name: "task/process", data });
      return await untilReady(async () => (await api.runsOf(event)).find(reached));
    },
    async stop() {
      await programs.stop();
      removeServer();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function startProcess(programs: Programs, port: number, folder: string, keys: KeyVariables): () => void {
  const variables = { ...keys, LOG_LEVEL: "warn", DO_NOT_TRACK: "1" };
  programs.start("server", "inngest", recipeArguments(port, folder), { cwd: folder, variables });
  return () => {};
}

function startContainers(port: number, keys: KeyVariables, bare: boolean): () => void {
  const name = `manual-${port}`;
  const docker = (...args: string[]) =>
    execFileSync("docker", args, { env: { ...process.env, ...keys }, stdio: ["ignore", "ignore", "inherit"] });
  const containers: string[] = [];
  const run = (part: string, ...args: string[]) => {
    // Restarts, because a server exits when Redis does not answer yet.
    const common = ["--detach", "--restart", "unless-stopped", "--network", name, "--name", `${name}-${part}`];
    docker("run", ...common, ...args);
    containers.push(`${name}-${part}`);
  };
  const volume = (part: string) => ["--volume", `${name}-${part}:/data`];
  const published = ["--publish", `127.0.0.1:${port}:8288`];
  docker("network", "create", name);
  run(
    "queue",
    ...[...volume("queue"), schema.queueImage.default],
    ...["redis-server", "--dir", "/data", "--appendonly", "yes", "--protected-mode", "no"],
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
    docker("rm", "--force", "--volumes", ...containers);
    docker("volume", "rm", `${name}-server`, `${name}-queue`);
    docker("network", "rm", name);
  };
}
