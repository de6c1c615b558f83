import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chownSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { pipes, psqlFlags } from "../lib/data/psql-pipes.ts";
import { ulidAt, ulidOf } from "../lib/data/ulid.ts";
import { locate, onPath } from "../lib/host/programs.ts";
import { libpqVariables } from "../lib/render/libpq.ts";
import { serverEnvironment } from "../lib/render/server-options.ts";
import { freePorts } from "./ports.ts";
import { eventually } from "./test-stack.ts";

/** A Postgres of the test's own on loopback, with the schema that the real server makes. */
export class OwnPostgres {
  readonly #folder: string;
  readonly #process: ChildProcess;
  /** By which psql and pg_dump find it; the latter on PATH. */
  readonly variables: NodeJS.ProcessEnv;
  readonly url: string;

  private constructor(folder: string, process: ChildProcess, url: string) {
    this.#folder = folder;
    this.#process = process;
    this.url = url;
    this.variables = {
      ...globalThis.process.env,
      PATH: `${binaries}:${globalThis.process.env.PATH}`,
      ...libpqVariables(url),
    };
  }

  /** Why there is none here, or `undefined`. */
  static missing(): string | undefined {
    return binaries ? undefined : "no Postgres on this machine";
  }

  static async start(): Promise<OwnPostgres> {
    const folder = mkdtempSync(join(tmpdir(), "postgres-"));
    const port = await freePorts(1);
    // Postgres refuses to be root.
    const root = process.getuid?.() === 0;
    const [uid, gid] = root ? ids("postgres") : [undefined, undefined];
    if (root) chownSync(folder, uid as number, gid as number);
    const as = root ? { uid: uid as number, gid: gid as number } : {};
    const data = join(folder, "data");
    execFileSync(program("initdb"), ["-D", data, "-U", "postgres", "-A", "trust"], { ...as, stdio: "ignore" });
    const flags = ["-D", data, "-p", String(port), "-k", folder, "-c", "listen_addresses=127.0.0.1"];
    const started = spawn(program("postgres"), flags, { ...as, stdio: "ignore" });
    const postgres = new OwnPostgres(folder, started, `postgres://postgres@127.0.0.1:${port}/postgres?sslmode=disable`);
    await eventually(60_000, async () => expect(postgres.sql("select 1")).toBe("1"));
    await postgres.#makeSchema();
    return postgres;
  }

  sql(text: string): string {
    return execFileSync(program("psql"), ["-tA", "--no-psqlrc"], {
      input: text,
      env: this.variables,
      encoding: "utf8",
      stdio: "pipe",
    })
      .trim()
      .replaceAll("\n", " ");
  }

  /** A folder with the pipes of a psql on it, as a pod has them. */
  psql(): string {
    const folder = mkdtempSync(join(this.#folder, "pipes-"));
    execFileSync("mkfifo", [join(folder, pipes.input), join(folder, pipes.output)]);
    const line = `exec psql ${psqlFlags.join(" ")} <${pipes.input} >${pipes.output} 2>&1`;
    spawn("bash", ["-euc", line], { cwd: folder, env: this.variables, stdio: "ignore" });
    return folder;
  }

  /** The server makes its schema as it starts. */
  async #makeSchema(): Promise<void> {
    const port = await freePorts(4);
    const home = join(this.#folder, "server");
    mkdirSync(home);
    const environment = serverEnvironment({
      host: "127.0.0.1",
      port,
      connectGatewayPort: port + 1,
      connectGatewayGrpcPort: port + 2,
      connectExecutorGrpcPort: port + 3,
      sqliteDir: home,
      postgresUrl: this.url,
      signingKey: "ab".repeat(32),
      eventKeys: ["key"],
      sdkUrl: "http://127.0.0.1:9/api/inngest",
      dashboard: false,
      profile: "balanced",
    });
    const server = spawn(locate({ kind: "inngest" }), ["start"], {
      env: { ...process.env, ...environment },
      stdio: "ignore",
    });
    await eventually(60_000, async () => {
      expect((await fetch(`http://127.0.0.1:${port}/health`)).ok).toBe(true);
    });
    await ended(server, "SIGKILL");
  }

  /** Puts a run in with a row wherever one has some, and returns its id. */
  run(number: number, begunDaysAgo: number, endedDaysAgo?: number): string {
    const ulid = ulidAt(Date.now() - begunDaysAgo * 86_400_000);
    ulid.writeUInt32BE(number, 12);
    const hex = ulid.toString("hex");
    const text = ulidOf(hex);
    const bytes = `'\\x${hex}'::bytea`;
    const ago = (days: number) => `(now() at time zone 'utc') - interval '${days} days'`;
    const ms = (days: number) => `((extract(epoch from now()) - ${days} * 86400) * 1000)::bigint`;
    const ended = endedDaysAgo !== undefined;
    const zero = "00000000-0000-0000-0000-000000000000";
    // As one, so that whoever reads meanwhile sees all of it or nothing.
    this.sql(`begin;
      insert into events (internal_id, received_at, event_id, event_name, event_data, event_user, event_ts)
        values (${bytes}, ${ago(begunDaysAgo)}, '${text}', 'test/event', '{}', '{}', ${ago(begunDaysAgo)});
      insert into function_runs (run_id, run_started_at, function_id, function_version, trigger_type, event_id)
        values (${bytes}, ${ago(begunDaysAgo)}, '${zero}', 1, 'event', ${bytes});
      insert into history (id, created_at, run_started_at, function_id, function_version, run_id, event_id, idempotency_key, type, attempt)
        values (${bytes}, ${ago(begunDaysAgo)}, ${ago(begunDaysAgo)}, '${zero}', 1, ${bytes}, ${bytes}, '', 'FunctionStarted', 0);
      insert into trace_runs (run_id, account_id, workspace_id, app_id, function_id, trace_id, queued_at, started_at, ended_at, status, source_id, trigger_ids, is_debounce)
        values ('${text}', '${zero}', '${zero}', '${zero}', '${zero}', 'x', 0, 0, ${ended ? ms(endedDaysAgo) : 0}, ${ended ? 300 : 200}, '', '', false);
      insert into spans (span_id, trace_id, name, start_time, end_time, account_id, app_id, function_id, run_id, env_id)
        values ('${text}', '${text}', 'executor.run', now(), now(), '', '', '', '${text}', '');
      commit;`);
    if (ended) {
      this.sql(`insert into function_finishes (run_id, status, output, completed_step_count, created_at)
        values (${bytes}, 'Completed', '{}', 1, ${ago(endedDaysAgo)})`);
    }
    return text;
  }

  async stop(): Promise<void> {
    await ended(this.#process, "SIGINT");
    rmSync(this.#folder, { recursive: true });
  }
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await exit;
}

const binaries = postgresFolder();

function program(name: string): string {
  return join(binaries as string, name);
}

/** Debian keeps the server's programs out of PATH, by version. */
function postgresFolder(): string | undefined {
  const initdb = onPath("initdb");
  if (initdb) return dirname(realpathSync(initdb));
  try {
    const [version] = readdirSync("/usr/lib/postgresql").sort().reverse();
    return `/usr/lib/postgresql/${version}/bin`;
  } catch {
    return undefined;
  }
}

function ids(user: string): [number, number] {
  const id = (flag: string) => Number(execFileSync("id", [flag, user], { encoding: "utf8" }));
  return [id("-u"), id("-g")];
}
