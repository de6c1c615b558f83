// A real Postgres with the schema that the real server makes, and psql as the cluster's job runs it. Rows are put in by
// hand. Does not prove the job itself in a cluster: the suites in tests/cluster are about its objects.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chownSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { libpqVariables, retentionSql } from "../../components/cluster/retention-sql.ts";
import { onPath } from "../../components/host/programs.ts";
import { serverEnvironment } from "../../components/server-options.ts";
import { missing, title } from "../support/engine.ts";
import { freePort } from "../support/own-redis.ts";
import { eventually } from "../support/test-stack.ts";

const binaries = postgresFolder();
const reason = binaries ? await missing("inngest") : "no Postgres on this machine";

describe.skipIf(reason)(title("retention, Postgres", reason), () => {
  const folder = mkdtempSync(join(tmpdir(), "postgres-"));
  let postgres: ChildProcess;
  let variables: NodeJS.ProcessEnv;
  beforeAll(async () => {
    const port = await freePort();
    const url = `postgres://postgres@127.0.0.1:${port}/postgres?sslmode=disable`;
    variables = { ...process.env, ...libpqVariables(url) };
    // Postgres refuses to be root.
    const root = process.getuid?.() === 0;
    const [uid, gid] = root ? ids("postgres") : [undefined, undefined];
    if (root) chownSync(folder, uid as number, gid as number);
    const as = root ? { uid: uid as number, gid: gid as number } : {};
    const data = join(folder, "data");
    execFileSync(program("initdb"), ["-D", data, "-U", "postgres", "-A", "trust"], { ...as, stdio: "ignore" });
    const flags = ["-D", data, "-p", String(port), "-k", folder, "-c", "listen_addresses=127.0.0.1"];
    postgres = spawn(program("postgres"), flags, { ...as, stdio: "ignore" });
    await eventually(20_000, async () => expect(sql("select 1")).toBe("1"));
    await makeSchema(url);
  });
  afterAll(async () => {
    if (postgres?.pid) {
      const ended = new Promise((resolve) => postgres.once("exit", resolve));
      postgres.kill("SIGINT");
      await ended;
    }
    rmSync(folder, { recursive: true });
  });

  const sql = (text: string): string =>
    execFileSync(program("psql"), ["-tA", "--no-psqlrc"], {
      input: text,
      env: variables,
      encoding: "utf8",
      stdio: "pipe",
    })
      .trim()
      .replaceAll("\n", " ");
  const round = (days: number) => sql(retentionSql(days));

  /** The server makes its schema as it starts. */
  async function makeSchema(url: string): Promise<void> {
    const first = await freePort();
    const environment = serverEnvironment({
      host: "127.0.0.1",
      port: first,
      connectGatewayPort: await freePort(),
      connectGatewayGrpcPort: await freePort(),
      connectExecutorGrpcPort: await freePort(),
      sqliteDir: folder,
      postgresUrl: url,
      signingKey: "ab".repeat(32),
      eventKeys: ["key"],
      sdkUrl: "http://127.0.0.1:9/api/inngest",
      dashboard: false,
      profile: "balanced",
    });
    const server = spawn(onPath("inngest") as string, ["start"], {
      env: { ...process.env, ...environment },
      stdio: "ignore",
    });
    await eventually(60_000, async () => {
      expect((await fetch(`http://127.0.0.1:${first}/health`)).ok).toBe(true);
    });
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.kill("SIGKILL");
    await ended;
  }

  /** A run with a row wherever one has some. */
  const run = (number: number, begunDaysAgo: number, endedDaysAgo?: number) => {
    const text = `01M${String(number).padStart(23, "0")}`;
    const bytes = `decode(lpad('${number}', 32, '0'), 'hex')`;
    const ago = (days: number) => `(now() at time zone 'utc') - interval '${days} days'`;
    const ms = (days: number) => `((extract(epoch from now()) - ${days} * 86400) * 1000)::bigint`;
    const ended = endedDaysAgo !== undefined;
    const zero = "00000000-0000-0000-0000-000000000000";
    sql(`
      insert into events (internal_id, received_at, event_id, event_name, event_data, event_user, event_ts)
        values (${bytes}, ${ago(begunDaysAgo)}, '${text}', 'test/event', '{}', '{}', ${ago(begunDaysAgo)});
      insert into function_runs (run_id, run_started_at, function_id, function_version, trigger_type, event_id)
        values (${bytes}, ${ago(begunDaysAgo)}, '${zero}', 1, 'event', ${bytes});
      insert into history (id, created_at, run_started_at, function_id, function_version, run_id, event_id, idempotency_key, type, attempt)
        values (${bytes}, ${ago(begunDaysAgo)}, ${ago(begunDaysAgo)}, '${zero}', 1, ${bytes}, ${bytes}, '', 'FunctionStarted', 0);
      insert into trace_runs (run_id, account_id, workspace_id, app_id, function_id, trace_id, queued_at, started_at, ended_at, status, source_id, trigger_ids, is_debounce)
        values ('${text}', '${zero}', '${zero}', '${zero}', '${zero}', 'x', 0, 0, ${ended ? ms(endedDaysAgo) : 0}, ${ended ? 300 : 200}, '', '', false);
      insert into spans (span_id, trace_id, name, start_time, end_time, account_id, app_id, function_id, run_id, env_id)
        values ('${text}', '${text}', 'executor.run', now(), now(), '', '', '', '${text}', '');`);
    if (ended) {
      sql(`insert into function_finishes (run_id, status, output, completed_step_count, created_at)
        values (${bytes}, 'Completed', '{}', 1, ${ago(endedDaysAgo)})`);
    }
  };
  const left = () =>
    Object.fromEntries(
      ["events", "function_runs", "function_finishes", "history", "trace_runs", "spans"].map((table) => [
        table,
        Number(sql(`select count(*) from ${table}`)),
      ]),
    );

  test("what ended before goes, in more than one batch; what has no end, or a later one, stays", () => {
    for (let number = 100; number < 103; number++) run(number, 50, 40);
    sql(`insert into spans (span_id, trace_id, name, start_time, end_time, account_id, app_id, function_id, run_id, env_id)
      select i::text, 'more', 'EXTEND', now(), now(), '', '', '', '01M00000000000000000000100', '' from generate_series(1, 2000) i`);
    sql(`insert into function_finishes (run_id, status, created_at)
      select decode(lpad(i::text, 32, '0'), 'hex'), 'Completed', now() - interval '90 days' from generate_series(5000, 6200) i`);
    run(200, 400);
    run(300, 50, 2);
    run(400, 1, 0);
    round(30);
    const three = { events: 3, function_runs: 3, history: 3, trace_runs: 3, spans: 3 };
    expect(left()).toEqual({ ...three, function_finishes: 2 });
    expect(sql("select run_id from trace_runs order by 1")).toBe(
      ["200", "300", "400"].map((number) => `01M${number.padStart(23, "0")}`).join(" "),
    );
    round(30);
    expect(left()).toEqual({ ...three, function_finishes: 2 });
  });
});

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
