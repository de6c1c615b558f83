import { randomBytes } from "node:crypto";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onPath } from "../../lib/host/programs.ts";
import { InngestApi, WorkerEndpoint } from "../../lib/inngest/api.ts";
import { servePath } from "../../lib/inngest/serve-path.ts";
import { connectionsPerServer } from "../../lib/render/postgres-connections.ts";
import { renderRedisConf } from "../../lib/render/redis-conf.ts";
import { commonVariables, renderServerConfig } from "../../lib/render/server-options.ts";
import { emptyWalDatabase } from "../../lib/render/wal-database.ts";
import { renderWorkerVariables } from "../../lib/render/worker-variables.ts";
import { type Profile, profileSettings } from "../../lib/settings/profile.ts";
import { durableWorker } from "../../tools/durable-worker.ts";
import { freePorts } from "../../tools/ports.ts";
import { postgresUrl, startPostgres } from "./postgres.ts";
import { ending, Subject, until, type Work } from "./subject.ts";

/** Servers of the tier `cluster` unless it is told otherwise, of which one is measured, with its share of the connections. */
const servers = 2;

/** What is measured: a tier's server, queue and history, as processes with that tier's own settings. */
export interface Setup {
  /** `recipe`: `inngest start` with its defaults. */
  kind: "recipe" | "process" | "persistent" | "cluster";
  /** @default "balanced" */
  profile?: Profile;
  /** So many workers that connect. @default one that is called */
  connectedWorkers?: number;
  /** Where its folder is made. @default that of temporary files */
  parent?: string;
}

/** A server with its worker, queue and database on this machine. */
export class Lab extends Subject {
  readonly #setup: Setup;
  readonly #firstPort: number;
  readonly #keys = { signingKey: randomBytes(32).toString("hex"), eventKey: randomBytes(24).toString("hex") };
  readonly #password = randomBytes(16).toString("hex");
  readonly #worker: string;

  private constructor(setup: Setup, firstPort: number) {
    super(setup.parent);
    this.#setup = setup;
    this.#firstPort = firstPort;
    this.#worker = durableWorker(this.folder, "bench/support/worker");
  }

  static async start(setup: Setup): Promise<Lab> {
    return await Subject.started(new Lab(setup, await freePorts(7)));
  }

  override async startAll(): Promise<void> {
    const { kind, connectedWorkers = 0 } = this.#setup;
    if (kind === "cluster") await startPostgres(this, this.#ports.database, "inngest");
    if (kind === "persistent" || kind === "cluster") this.#startQueue();
    this.#startServer();
    if (connectedWorkers === 0) this.#startWorker("worker");
    await until(async () => (await fetch(`${this.#serverUrl}/health`)).ok);
    for (let index = 0; index < connectedWorkers; index++) this.#startWorker(`worker${index || ""}`);
    if (connectedWorkers > 0) {
      const api = new InngestApi(this.#serverUrl, this.#keys.signingKey);
      await until(async () => (await api.functions("bench")).length > 0);
      return;
    }
    await until(async () => (await fetch(`${this.#origin}/healthz`)).ok);
    await new WorkerEndpoint(this.#origin + servePath, this.#keys.signingKey).register();
  }

  protected override async post(work: Work, inputs: Record<string, unknown>[]): Promise<void> {
    for (let at = 0; at < inputs.length; at += 100) {
      const events = inputs.slice(at, at + 100).map((data) => ({ name: `bench/${work}`, data }));
      const url = `${this.#serverUrl}/e/${this.#keys.eventKey}`;
      const { ok, status } = await fetch(url, { method: "POST", body: JSON.stringify(events) });
      if (!ok) throw new Error(`the server refused events with ${status}`);
    }
  }

  get #ports() {
    const first = this.#firstPort;
    return { database: first, server: first + 1, worker: first + 5, queue: first + 6 };
  }

  get #serverUrl(): string {
    return `http://127.0.0.1:${this.#ports.server}`;
  }

  get #origin(): string {
    return `http://127.0.0.1:${this.#ports.worker}`;
  }

  #startServer(): void {
    const cwd = join(this.folder, "server");
    mkdirSync(cwd, { recursive: true });
    const args = this.#setup.kind === "recipe" ? this.#recipeFlags(cwd) : this.#ownFlags(cwd);
    const keys = { INNGEST_SIGNING_KEY: this.#keys.signingKey, INNGEST_EVENT_KEY: this.#keys.eventKey };
    const variables = { ...commonVariables, ...keys };
    this.programs.start("server", inngest(), ["start", ...args], { cwd, variables });
  }

  /** The ports of Connect are the only flags that nobody types, for two servers on one machine. */
  #recipeFlags(folder: string): string[] {
    const { server } = this.#ports;
    const connect = ["connect-gateway-port", "connect-gateway-grpc-port", "connect-executor-grpc-port"];
    return [
      ...["--host", "127.0.0.1", "--port", String(server), "--sqlite-dir", folder],
      ...connect.flatMap((flag, index) => [`--${flag}`, String(server + 1 + index)]),
    ];
  }

  #ownFlags(folder: string): string[] {
    const { server, database, queue } = this.#ports;
    const { kind, profile = "balanced" } = this.#setup;
    const file = join(folder, "main.db");
    if (!statSync(file, { throwIfNoEntry: false })) writeFileSync(file, emptyWalDatabase());
    const config = renderServerConfig({
      host: "127.0.0.1",
      port: server,
      connectGatewayPort: server + 1,
      connectGatewayGrpcPort: server + 2,
      connectExecutorGrpcPort: server + 3,
      sqliteDir: folder,
      signingKey: this.#keys.signingKey,
      eventKeys: [this.#keys.eventKey],
      sdkUrl: this.#origin + servePath,
      profile,
      dashboard: true,
      ...(kind !== "process" && { redisUrl: `redis://:${this.#password}@127.0.0.1:${queue}` }),
      ...(kind === "cluster" && {
        postgresUrl: postgresUrl(database, "inngest"),
        postgresConnections: connectionsPerServer(servers),
      }),
    });
    writeFileSync(join(folder, "inngest.json"), config, { mode: 0o600 });
    return ["--config", join(folder, "inngest.json")];
  }

  #startWorker(name: string): void {
    const { profile = "balanced", connectedWorkers } = this.#setup;
    const variables = renderWorkerVariables({
      serverUrl: this.#serverUrl,
      origin: this.#origin,
      port: this.#ports.worker,
      transport: connectedWorkers ? "connect" : "serve",
      keys: this.#keys,
      checkpointSteps: profileSettings[profile].checkpointSteps,
      variables: { DATA_DIR: this.folder },
    });
    this.programs.start(name, process.execPath, ["serve.ts"], { cwd: this.#worker, variables });
  }

  #startQueue(): void {
    const cwd = join(this.folder, "queue");
    mkdirSync(cwd, { recursive: true });
    const where = ["--bind", "127.0.0.1", "--port", String(this.#ports.queue)];
    const input = renderRedisConf({ password: this.#password }).replace("dir /data", `dir ${cwd}`);
    this.programs.start("queue", "redis-server", ["-", ...where], { cwd, input });
  }
}

/** The recipe and every tier with the settings that it has, for a comparison. */
export const recipeAndTiers = {
  recipe: { kind: "recipe" },
  process: { kind: "process" },
  persistent: { kind: "persistent" },
  cluster: { kind: "cluster" },
} as const satisfies Record<string, Setup>;

/** Sides of a comparison: each starts its setup anew, is measured, and ends. */
export function sidesOf<Side extends string, T>(
  setups: Record<Side, Setup>,
  measure: (lab: Lab) => Promise<T>,
): Record<Side, () => Promise<T>> {
  const sides = Object.entries<Setup>(setups).map(([side, setup]) => {
    return [side, async () => await ending(await Lab.start(setup), measure)];
  });
  return Object.fromEntries(sides) as Record<Side, () => Promise<T>>;
}

function inngest(): string {
  const binary = onPath("inngest");
  if (!binary) throw new Error("no inngest binary on PATH");
  return binary;
}
