import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import type { SweepReport } from "../lib/data/requests.ts";
import { hexOf, ulidAt, ulidOf } from "../lib/data/ulid.ts";
import { durableWorker, finished, marks } from "../tools/durable-worker.ts";
import { InFlight } from "../tools/in-flight.ts";
import { OwnRedis } from "../tools/own-redis.ts";
import { eventually, TestStack } from "../tools/test-stack.ts";
import { figure, type Report, report } from "./support/measure.ts";

/** Runs that ended 40 days ago, and runs in flight of each kind; fewer for a try. */
const old = Number(process.env.BENCH_OLD ?? 100_000);
const each = Number(process.env.BENCH_EACH ?? 250);
const samples = 60;
/** Those in flight wake after the samples, while the janitor is still at work on a history of 100,000 runs. */
const nap = Math.max(300, old / 100);

/** What the janitor costs a stack at work, and whether it removes what it should and nothing else. */
export async function run(): Promise<Report> {
  const stack = await TestStack.create("dev", { retention: "off" });
  const redis = await OwnRedis.start(stack.home);
  try {
    stack.set("workerDir", durableWorker(stack.home));
    await stack.setSecret("redisUrl", redis.url);
    await stack.up();
    await wait(stack, "template");
    // The last lines of its history are written a moment after its end.
    await sleep(5000);
    const database = join(stack.dataFolder, "server", "main.db");
    multiply(database);
    const inFlight = await InFlight.start(stack, each, nap);
    await sleep(30_000);
    const before = await waits(stack, "before", () => false);
    let swept: SweepReport | undefined;
    const began = performance.now();
    const input = JSON.stringify({ database, queueUrl: redis.url, days: 30 });
    const janitor = execa({ input })`${process.execPath} runtime/sweep-now.ts`.then(({ stdout }) => {
      swept = JSON.parse(stdout) as SweepReport;
    });
    const during = await waits(stack, "during", () => swept !== undefined);
    await inFlight.wake();
    await janitor;
    const minutes = (performance.now() - began) / 60_000;
    const gone = (swept as unknown as SweepReport).rows as Record<string, number>;
    if (gone.function_runs !== old || (swept as unknown as SweepReport).inFlight < inFlight.runs.length) {
      throw new Error(`the janitor was to remove ${old} runs, and told ${JSON.stringify(swept)}`);
    }
    await eventually(nap * 1000, async () => {
      const open = inFlight.unfinished(marks(stack));
      if (open.length > 0)
        throw new Error(`${open.length} of the runs in flight have not ended, each step once: ${open}`);
    });
    const rows = Object.values(gone).reduce((total, each) => total + each, 0);
    return report(
      "retention",
      `${old} runs that ended, ${inFlight.runs.length} in flight (asleep, queued, before another attempt, waiting for an event), ${rows} rows removed in ${minutes.toFixed(1)} minutes, after which all in flight have ended, each step once. Ours: while the ` +
        "janitor works. Baseline: before. From an event to the end of its run, one at a time.",
      [
        figure("wait for a run, p95", "ms", during, before, during.length, {
          at: 0.95,
          target: { bound: "at most", ratio: 1.3 },
        }),
        figure("wait for a run, median", "ms", during, before, during.length),
      ],
    );
  } finally {
    await stack.remove();
    redis.stop();
  }
}

async function waits(stack: TestStack, name: string, done: () => boolean): Promise<number[]> {
  const found: number[] = [];
  for (let sample = 0; sample < samples && !done(); sample++) {
    found.push(await wait(stack, `${name}${sample}`));
    await sleep(100 + Math.random() * 300);
  }
  return found;
}

/** Milliseconds from an event to the last step of its run. */
async function wait(stack: TestStack, run: string): Promise<number> {
  const before = finished(stack);
  const began = performance.now();
  const { eventKey } = await stack.outputs();
  const asked = performance.now() - began;
  await (await stack.api()).send(eventKey, { name: "durable/mid-step", data: { run, seconds: 0 } });
  await eventually(60_000, async () => {
    if (finished(stack) <= before) throw new Error("not yet");
  });
  return performance.now() - began - asked;
}

/** Copies the one run that is there, with all it has, `old` times into the past. */
function multiply(path: string): void {
  const database = new DatabaseSync(path, { timeout: 10_000 });
  const run = database.prepare("SELECT run_id AS id FROM function_finishes").get() as { id: Uint8Array };
  const past = Date.now() - 40 * 86_400_000;
  const at = `${new Date(past).toISOString().replace("T", " ").replace("Z", "")} +0000 UTC`;
  database.function("ulid", (number) => ulidOf(hexOf(idOf(past, Number(number)))));
  database.function("id", (number) => idOf(past, Number(number)));
  const copy = (table: string, changed: Record<string, string>, where: string) => {
    const columns = (
      database.prepare(`SELECT name FROM pragma_table_info('${table}')`).all() as { name: string }[]
    ).map(({ name }) => name);
    const values = columns.map((name) => changed[name] ?? `t."${name}"`).join(", ");
    for (let first = 0; first < old; first += 2000) {
      const last = Math.min(first + 2000, old) - 1;
      database
        .prepare(
          `WITH RECURSIVE n(i) AS (SELECT ${first} UNION ALL SELECT i + 1 FROM n WHERE i < ${last})
           INSERT INTO ${table} (${columns.join(", ")}) SELECT ${values} FROM n, ${table} t WHERE ${where}`,
        )
        .run(...(where.includes("?") ? [run.id] : []));
    }
  };
  const ended = String(past);
  copy("function_runs", { run_id: "id(i)", event_id: "id(i)" }, "t.run_id = ?");
  copy("function_finishes", { run_id: "id(i)", created_at: `'${at}'` }, "t.run_id = ?");
  copy("trace_runs", { run_id: "id(i)", ended_at: ended }, "t.run_id = ?");
  copy("history", { id: "randomblob(16)", run_id: "id(i)" }, "t.run_id = ?");
  copy("traces", { run_id: "id(i)", timestamp_unix_ms: ended }, "t.run_id = ?");
  copy("spans", { span_id: "lower(hex(randomblob(8)))", run_id: "ulid(i)" }, `t.run_id = '${textIn(database)}'`);
  copy("events", { internal_id: "id(i)", event_id: "ulid(i)", event_ts: `'${at}'` }, "t.rowid = 1");
  database.close();
}

/** A ULID of a moment with a number in it. */
function idOf(time: number, number: number): Buffer {
  const id = ulidAt(time);
  id.writeUInt32BE(number, 12);
  return id;
}

function textIn(database: DatabaseSync): string {
  return (database.prepare("SELECT run_id AS id FROM spans WHERE name = 'executor.run'").get() as { id: string }).id;
}
