import { resolve } from "node:path";
import { freePorts } from "../../tools/ports.ts";
import { postgresUrl, startPostgres } from "./postgres.ts";
import { Subject, until, type Work } from "./subject.ts";

const folder = resolve("bench/peers");

/** Sends `inputs` one a request, so many at a time, to an engine that takes no lists. */
async function postEach(url: string, inputs: Record<string, unknown>[]): Promise<void> {
  const left = [...inputs];
  const lane = async () => {
    for (let input = left.shift(); input; input = left.shift()) {
      const headers = { "content-type": "application/json" };
      const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(input) });
      if (!answer.ok) throw new Error(`${answer.status} of ${url}: ${await answer.text()}`);
      await answer.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: 32 }, lane));
}

/** Restate's server with its defaults, and a worker that it calls. */
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
    this.programs.start("server", `${folder}/node_modules/.bin/restate-server`, [...flags, "--no-logo"], {
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
      cwd: folder,
      variables: { PORT: `${worker}`, DATA_DIR: this.folder, RESTATE_LOGGING: "ERROR" },
    });
    await until(async () => (await fetch(`http://127.0.0.1:${ingress}/restate/health`)).ok);
    if (this.#registered) return;
    const body = JSON.stringify({ uri: `http://127.0.0.1:${worker}` });
    const headers = { "content-type": "application/json" };
    await until(async () => {
      const answer = await fetch(`http://127.0.0.1:${admin}/deployments`, { method: "POST", headers, body });
      if (!answer.ok) throw new Error(`Restate took no worker: ${await answer.text()}`);
      return true;
    });
    this.#registered = true;
  }

  protected override async post(work: Work, inputs: Record<string, unknown>[]): Promise<void> {
    // Its names have no hyphens.
    const name = work === "mid-step" ? "midStep" : work;
    await postEach(`http://127.0.0.1:${this.#port}/bench/${name}/send`, inputs);
  }
}

/** DBOS in an app of its own, started over HTTP, with Postgres' defaults. */
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
      cwd: folder,
      variables: {
        PORT: `${this.#port + 1}`,
        DATA_DIR: this.folder,
        DATABASE_URL: postgresUrl(this.#port, "bench"),
        DBOS__VMID: "bench",
        DBOS__APPVERSION: "1",
      },
    });
    await until(async () => (await fetch(`http://127.0.0.1:${this.#port + 1}/`)).ok);
  }

  protected override async post(work: Work, inputs: Record<string, unknown>[]): Promise<void> {
    await postEach(`http://127.0.0.1:${this.#port + 1}/${work}`, inputs);
  }
}
