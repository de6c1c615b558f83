import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { locate } from "../../lib/host/programs.ts";
import { InngestApi } from "../../lib/inngest/api.ts";
import { servePath } from "../../lib/inngest/serve-path.ts";
import { WorkerEndpoint } from "../../lib/inngest/worker-endpoint.ts";
import { connectionsPerServer } from "../../lib/render/postgres-connections.ts";
import { renderRedisConf } from "../../lib/render/redis-conf.ts";
import { commonVariables, renderServerConfig } from "../../lib/render/server-options.ts";
import { emptyWalDatabase } from "../../lib/render/wal-database.ts";
import { renderWorkerVariables } from "../../lib/render/worker-variables.ts";
import { type Profile, profileSettings } from "../../lib/settings/profile.ts";
import { durableWorker } from "../../tools/durable-worker.ts";
import { freePorts } from "../../tools/ports.ts";
import { postgresUrl, startPostgres } from "./postgres.ts";
import { type BenchFunction, measureAndStop, Subject, untilReady } from "./subject.ts";

/** Default number of servers on the tier `cluster`. One is measured, with its share of the database connections. */
const clusterServers = 2;

/** A tier's server, queue and history to run as processes, with the settings of that tier. */
export interface Setup {
  /** `recipe` is `inngest start` with its defaults. */
  kind: "recipe" | "process" | "persistent" | "cluster";
  /** @default "balanced" */
  profile?: Profile;
  /** Number of workers that use Connect. @default one worker that is called over HTTP */
  connectedWorkers?: number;
  /** Where the folder of its files is created. @default the temporary folder */
  parent?: string;
}

/** Keys of a server and its worker. */
export function randomKeys() {
  return { signingKey: randomBytes(32).toString("hex"), eventKey: randomBytes(24).toString("hex") };
}

export function keyVariables({ signingKey, eventKey }: ReturnType<typeof randomKeys>) {
  return { INNGEST_SIGNING_KEY: signingKey, INNGEST_EVENT_KEY: eventKey };
}

/**
 * Arguments of a server that is otherwise started with its defaults. It takes `port` and the three that follow, because
 * another server may use the default ports of Connect.
 */
export function recipeArguments(port: number, folder: string): string[] {
  const connectPorts = ["connect-gateway-port", "connect-gateway-grpc-port", "connect-executor-grpc-port"];
  return [
    ...["start", "--host", "127.0.0.1", "--port", String(port), "--sqlite-dir", folder],
    ...connectPorts.flatMap((flag, index) => [`--${flag}`, String(port + 1 + index)]),
  ];
}

/** An Inngest server with its worker, queue and database, all on this machine. */
export class LocalInngest extends Subject {
  readonly #setup: Setup;
  readonly #firstPort: number;
  readonly #keys = randomKeys();
  readonly #queuePassword = randomBytes(16).toString("hex");
  readonly #workerFolder: string;

  private constructor(setup: Setup, firstPort: number) {
    super(setup.parent);
    this.#setup = setup;
    this.#firstPort = firstPort;
    this.#workerFolder = durableWorker(this.folder, "bench/support/worker");
  }

  static async start(setup: Setup): Promise<LocalInngest> {
    return await Subject.started(new LocalInngest(setup, await freePorts(7)));
  }

  override async startAll(): Promise<void> {
    const { kind, connectedWorkers = 0 } = this.#setup;
    if (kind === "cluster") await startPostgres(this, this.#ports.database, "inngest");
    if (kind === "persistent" || kind === "cluster") this.#startQueue();
    this.#startServer();
    if (connectedWorkers === 0) this.#startWorker("worker");
    await untilReady(async () => (await fetch(`${this.#serverUrl}/health`)).ok);
    for (let index = 0; index < connectedWorkers; index++) this.#startWorker(`worker${index || ""}`);
    if (connectedWorkers > 0) {
      const api = new InngestApi(this.#serverUrl, this.#keys.signingKey);
      await untilReady(async () => (await api.functions("bench")).length > 0);
      return;
    }
    await untilReady(async () => (await fetch(`${this.#workerOrigin}/healthz`)).ok);
    await new WorkerEndpoint(this.#workerOrigin + servePath, this.#keys.signingKey).register();
  }

  protected override async post(name: BenchFunction, inputs: Record<string, unknown>[]): Promise<void> {
    for (let first = 0; first < inputs.length; first += 100) {
      const events = inputs.slice(first, first + 100).map((data) => ({ name: `bench/${name}`, data }));
      const url = `${this.#serverUrl}/e/${this.#keys.eventKey}`;
      const { ok, status } = await fetch(url, { method: "POST", body: JSON.stringify(events) });
      if (!ok) throw new Error(`the server refused ${events.length} events: HTTP ${status}`);
    }
  }

  get #ports() {
    const first = this.#firstPort;
    return { database: first, server: first + 1, worker: first + 5, queue: first + 6 };
  }

  get #serverUrl(): string {
    return `http://127.0.0.1:${this.#ports.server}`;
  }

  get #workerOrigin(): string {
    return `http://127.0.0.1:${this.#ports.worker}`;
  }

  #startServer(): void {
    const cwd = join(this.folder, "server");
    mkdirSync(cwd, { recursive: true });
    const recipe = this.#setup.kind === "recipe";
    const args = recipe ? recipeArguments(this.#ports.server, cwd) : ["start", "--config", this.#writeConfig(cwd)];
    const variables = { ...commonVariables, ...keyVariables(this.#keys) };
    this.programs.start("server", locate({ kind: "inngest" }), args, { cwd, variables });
  }

  /** Writes the configuration file that this project gives the tier's server, and returns its path. */
  #writeConfig(folder: string): string {
    const { server, database, queue } = this.#ports;
    const { kind, profile = "balanced" } = this.#setup;
    const databaseFile = join(folder, "main.db");
    if (!existsSync(databaseFile)) writeFileSync(databaseFile, emptyWalDatabase());
    const config = renderServerConfig({
      host: "127.0.0.1",
      port: server,
      connectGatewayPort: server + 1,
      connectGatewayGrpcPort: server + 2,
      connectExecutorGrpcPort: server + 3,
      sqliteDir: folder,
      signingKey: this.#keys.signingKey,
      eventKeys: [this.#keys.eventKey],
      sdkUrl: this.#workerOrigin + servePath,
      profile,
      dashboard: true,
      ...(kind !== "process" && { redisUrl: `redis://:${this.#queuePassword}@127.0.0.1:${queue}` }),
      ...(kind === "cluster" && {
        postgresUrl: postgresUrl(database, "inngest"),
        postgresConnections: connectionsPerServer(clusterServers),
      }),
    });
    const file = join(folder, "inngest.json");
    writeFileSync(file, config, { mode: 0o600 });
    return file;
  }

  #startWorker(name: string): void {
    const { profile = "balanced", connectedWorkers } = this.#setup;
    const variables = renderWorkerVariables({
      serverUrl: this.#serverUrl,
      origin: this.#workerOrigin,
      port: this.#ports.worker,
      transport: connectedWorkers ? "connect" : "serve",
      keys: this.#keys,
      checkpointSteps: profileSettings[profile].checkpointSteps,
      variables: { DATA_DIR: this.folder },
    });
    this.programs.start(name, process.execPath, ["serve.ts"], { cwd: this.#workerFolder, variables });
  }

  #startQueue(): void {
    const cwd = join(this.folder, "queue");
    mkdirSync(cwd, { recursive: true });
    const listen = ["--bind", "127.0.0.1", "--port", String(this.#ports.queue)];
    const input = renderRedisConf({ password: this.#queuePassword }).replace("dir /data", `dir ${cwd}`);
    this.programs.start("queue", "redis-server", ["-", ...listen], { cwd, input });
  }
}

/** The recipe and every tier with its default settings. */
export const recipeAndTiers = {
  recipe: { kind: "recipe" },
  process: { kind: "process" },
  persistent: { kind: "persistent" },
  cluster: { kind: "cluster" },
} as const satisfies Record<string, Setup>;

/** Sides for `interleave`: each round starts the setup from scratch, measures it and stops it. */
export function sidesOf<Side extends string, T>(
  setups: Record<Side, Setup>,
  measure: (inngest: LocalInngest) => Promise<T>,
): Record<Side, () => Promise<T>> {
  const sides = Object.entries<Setup>(setups).map(([side, setup]) => {
    return [side, async () => await measureAndStop(await LocalInngest.start(setup), measure)];
  });
  return Object.fromEntries(sides) as Record<Side, () => Promise<T>>;
}
