import { resolve } from "node:path";
import { freePorts } from "../../tools/ports.ts";
import { postgresUrl, startPostgres } from "./postgres.ts";
import { type BenchFunction, Subject, untilReady } from "./subject.ts";

const peers = resolve("bench/peers");

async function postJson(url: string, body: unknown): Promise<void> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`POST ${url}: HTTP ${response.status} ${await response.text()}`);
  await response.arrayBuffer();
}

/** Sends one request per input, 32 at a time, to an engine that takes no batches. */
async function postEach(url: string, inputs: Record<string, unknown>[]): Promise<void> {
  const remaining = [...inputs];
  const sendRemaining = async () => {
    for (let input = remaining.shift(); input; input = remaining.shift()) await postJson(url, input);
  };
  await Promise.all(Array.from({ length: 32 }, sendRemaining));
}

/** Restate's server with its defaults, and a worker that it calls over HTTP. */
export class Restate extends Subject {
  readonly #port: number;
  #registered = false;

  private constructor(port: number) {
    super();
    this.#port = port;
  }

  static async start(): Promise<Restate> {
    return await Subject.started(new Restate(await freePorts(4)));
  }

  override async startAll(): Promise<void> {
    const [ingress, admin, node, worker] = [0, 1, 2, 3].map((offset) => this.#port + offset);
    const flags = ["--bind-ip", "127.0.0.1", "--listen-mode", "tcp", "--bind-port", `${node}`, "--node-name", "bench"];
    this.programs.start("server", `${peers}/node_modules/.bin/restate-server`, [...flags, "--no-logo"], {
      cwd: this.folder,
      variables: {
        RESTATE_INGRESS__BIND_PORT: `${ingress}`,
        RESTATE_ADMIN__BIND_PORT: `${admin}`,
        RESTATE_BASE_DIR: `${this.folder}/server`,
        RESTATE_DISABLE_TELEMETRY: "true",
        RUST_LOG: "warn",
      },
    });
    this.programs.start("worker", process.execPath, ["apps/restate.ts"], {
      cwd: peers,
      variables: { PORT: `${worker}`, DATA_DIR: this.folder, RESTATE_LOGGING: "ERROR" },
    });
    await untilReady(async () => (await fetch(`http://127.0.0.1:${ingress}/restate/health`)).ok);
    if (this.#registered) return;
    await untilReady(async () => {
      await postJson(`http://127.0.0.1:${admin}/deployments`, { uri: `http://127.0.0.1:${worker}` });
      return true;
    });
    this.#registered = true;
  }

  protected override async post(name: BenchFunction, inputs: Record<string, unknown>[]): Promise<void> {
    // Restate's handler names have no hyphens.
    const handler = name === "mid-step" ? "midStep" : name;
    await postEach(`http://127.0.0.1:${this.#port}/bench/${handler}/send`, inputs);
  }
}

/** DBOS as a library in a worker that takes runs over HTTP, on Postgres with its defaults. */
export class Dbos extends Subject {
  readonly #port: number;

  private constructor(port: number) {
    super();
    this.#port = port;
  }

  static async start(): Promise<Dbos> {
    return await Subject.started(new Dbos(await freePorts(2)));
  }

  override async startAll(): Promise<void> {
    await startPostgres(this, this.#port, "bench");
    this.programs.start("worker", process.execPath, ["apps/dbos.ts"], {
      cwd: peers,
      variables: {
        PORT: `${this.#port + 1}`,
        DATA_DIR: this.folder,
        DATABASE_URL: postgresUrl(this.#port, "bench"),
        DBOS__VMID: "bench",
        DBOS__APPVERSION: "1",
      },
    });
    await untilReady(async () => (await fetch(`http://127.0.0.1:${this.#port + 1}/`)).ok);
  }

  protected override async post(name: BenchFunction, inputs: Record<string, unknown>[]): Promise<void> {
    await postEach(`http://127.0.0.1:${this.#port + 1}/${name}`, inputs);
  }
}
