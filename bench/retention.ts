import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import type { SweepReport } from "../lib/data/requests.ts";
import { durableWorker, finished, marks } from "../tools/durable-worker.ts";
import { InFlight } from "../tools/in-flight.ts";
import { OwnRedis } from "../tools/own-redis.ts";
import { eventually, TestStack } from "../tools/test-stack.ts";
import { addOldRuns } from "./support/history.ts";
import { figure, type Report, report } from "./support/measure.ts";

/** Runs that ended 40 days ago. Set the variable to fewer for a trial. */
const oldRuns = Number(process.env.BENCH_OLD ?? 100_000);
/** Runs in flight of each kind. */
const inFlightOfEachKind = Number(process.env.BENCH_EACH ?? 250);
const samples = 60;
/** Seconds until the runs in flight wake up: after the samples, while the sweep of 100,000 runs is still at work. */
const nap = Math.max(300, oldRuns / 100);

/** What the sweep costs a busy stack, and whether it removes what it should and nothing else. */
export async function run(): Promise<Report> {
  const stack = await TestStack.create("dev", { retention: "off" });
  const redis = await OwnRedis.start(stack.home);
  try {
    stack.set("workerDir", durableWorker(stack.home));
    await stack.setSecret("redisUrl", redis.url);
    await stack.up();
    await latency(stack, "template");
    // The server writes the last rows of a run shortly after its end.
    await sleep(5000);
    const database = join(stack.dataFolder, "server", "main.db");
    addOldRuns(database, oldRuns, 40);
    const inFlight = await InFlight.start(stack, inFlightOfEachKind, nap);
    await sleep(30_000);
    const before = await latencies(stack, "before", () => false);
    const started = performance.now();
    const sweeping = sweep({ database, queueUrl: redis.url, days: 30 });
    let done = false;
    const finish = () => {
      done = true;
    };
    sweeping.then(finish, finish);
    const during = await latencies(stack, "during", () => done);
    await inFlight.wake();
    const swept = await sweeping;
    const minutes = (performance.now() - started) / 60_000;
    const removed = swept.rows ?? {};
    if (removed.function_runs !== oldRuns || swept.inFlight < inFlight.runs.length) {
      throw new Error(`the sweep should have removed ${oldRuns} runs, but reports ${JSON.stringify(swept)}`);
    }
    await eventually(nap * 1000, async () => {
      const open = inFlight.unfinished(marks(stack));
      if (open.length > 0) throw new Error(`runs in flight that have not finished with each step run once: ${open}`);
    });
    const rows = Object.values(removed).reduce((total, count) => total + count, 0);
    return report(
      "retention",
      `${oldRuns} finished runs and ${inFlight.runs.length} in flight (asleep, queued, before a retry, waiting for an event). The ` +
        `janitor removed ${rows} rows in ${minutes.toFixed(1)} minutes; then all runs in flight finished, each step run once. From an ` +
        "event to the end of its run, one at a time. Ours: during the sweep. Baseline: before it.",
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

async function sweep(request: object): Promise<SweepReport> {
  const input = JSON.stringify(request);
  const { stdout } = await execa({ input })`${process.execPath} runtime/sweep-now.ts`;
  return JSON.parse(stdout) as SweepReport;
}

async function latencies(stack: TestStack, name: string, done: () => boolean): Promise<number[]> {
  const values: number[] = [];
  for (let sample = 0; sample < samples && !done(); sample++) {
    values.push(await latency(stack, `${name}${sample}`));
    await sleep(100 + Math.random() * 300);
  }
  return values;
}

/** Milliseconds from an event to the last step of its run. */
async function latency(stack: TestStack, run: string): Promise<number> {
  const before = finished(stack);
  const { eventKey } = await stack.outputs();
  const api = await stack.api();
  const sent = performance.now();
  await api.send(eventKey, { name: "durable/mid-step", data: { run, seconds: 0 } });
  await eventually(60_000, async () => {
    if (finished(stack) <= before) throw new Error(`${run} has not finished`);
  });
  return performance.now() - sent;
}
