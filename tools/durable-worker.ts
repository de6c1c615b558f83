import { cpSync, existsSync, readFileSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { installDependencies } from "../lib/dependencies.mjs";
import { eventually, type TestStack } from "./test-stack.ts";

/** A copy of the worker that marks its steps, for a stack's `workerDir`; it shares the real worker's dependencies. */
export function durableWorker(home: string, source = "tests/fixtures/durable-worker"): string {
  const folder = join(home, "durable-worker");
  installDependencies("worker");
  cpSync(source, folder, { recursive: true });
  symlinkSync(resolve("worker/node_modules"), join(folder, "node_modules"));
  return folder;
}

/** How often each run executed each step: `"3 a": 1`. */
export function marks(stack: TestStack): Record<string, number> {
  const file = join(stack.dataFolder, "worker", "marks");
  const lines = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  const counts: Record<string, number> = {};
  for (const line of lines) counts[line] = (counts[line] ?? 0) + 1;
  return counts;
}

/** Starts three runs that sleep and two that are within a step, called 0 to 4 behind `prefix`, and waits until all are there. */
export async function startFiveRuns(stack: TestStack, seconds: number, prefix = ""): Promise<void> {
  const api = await stack.api();
  const { eventKey } = await stack.outputs();
  for (let run = 0; run < 5; run++) {
    await api.send(eventKey, {
      name: run < 3 ? "durable/asleep" : "durable/mid-step",
      data: { run: `${prefix}${run}`, seconds },
    });
  }
  await eventually(20_000, async () => {
    const there = marks(stack);
    const expected = ["0 a", "1 a", "2 a", "3 slow-begins", "4 slow-begins"];
    const missing = expected.filter((mark) => !there[`${prefix}${mark}`]);
    if (missing.length > 0) throw new Error(`not yet: ${missing.join(", ")}`);
  });
}

/** Runs that reached their last step. */
export function finished(stack: TestStack): number {
  return Object.keys(marks(stack)).filter((mark) => mark.endsWith(" b")).length;
}

/** Statuses of the runs of this worker's functions; the stack's own check may have started others. */
export async function statuses(stack: TestStack): Promise<string[]> {
  const runs = await (await stack.api()).runs(100);
  return runs.filter(({ function: { id } }) => ["asleep", "mid-step"].includes(id)).map(({ status }) => status);
}
