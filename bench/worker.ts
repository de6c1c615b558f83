import { delimiter } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { installDependencies } from "../lib/dependencies.mjs";
import { bunFolders } from "../tools/bun.ts";
import { type ManualSetup, type ManualWorker, startManually } from "./support/manual-setup.ts";
import { figure, interleave, type Report, report, valuesOf } from "./support/measure.ts";
import { residentMemoryOf } from "./support/processes.ts";

const eventsPerRound = 8;

interface Sample {
  start: number;
  memory: number;
  latencies: number[];
}

/** Node against Bun, and `serve` against `connect`: cold start, idle memory, and time from an event to its run. */
export async function run(rounds: number): Promise<Report> {
  const failure = installDependencies("worker", { dev: true });
  if (failure) throw new Error(failure);
  process.env.PATH = [...bunFolders, process.env.PATH].join(delimiter);
  const { node, bun, connect } = await interleave("worker", rounds, {
    node: () => sample({ runtime: "node", transport: "serve" }),
    bun: () => sample({ runtime: "bun", transport: "serve" }),
    connect: () => sample({ runtime: "node", transport: "connect" }),
  });
  const latencies = (samples: Sample[]) => valuesOf(samples, "latencies").flat();
  const events = rounds * eventsPerRound;
  return report(
    "worker",
    "Ours is Bun, or connect; the baseline is Node, or serve. Start: from the start of the process to its first response. Wait: from " +
      "an event to the start of its function, one event at a time, server defaults. Says nothing about load.",
    [
      figure("start, Bun against Node", "ms", valuesOf(bun, "start"), valuesOf(node, "start"), rounds),
      figure("idle memory, Bun against Node", "MiB", valuesOf(bun, "memory"), valuesOf(node, "memory"), rounds),
      figure("wait, Bun against Node", "ms", latencies(bun), latencies(node), events),
      figure("wait, connect against serve", "ms", latencies(connect), latencies(node), events),
      figure("start, connect against serve", "ms", valuesOf(connect, "start"), valuesOf(node, "start"), rounds),
    ],
  );
}

async function sample(worker: ManualWorker): Promise<Sample> {
  const setup = await startManually(18_388, worker);
  try {
    const latencies = await measureLatencies(setup);
    return { start: setup.workerStart, memory: residentMemoryOf([setup.workerPid]), latencies };
  } finally {
    await setup.stop();
  }
}

async function measureLatencies({ runTask }: ManualSetup): Promise<number[]> {
  const latencies: number[] = [];
  for (let event = 0; event < eventsPerRound; event++) {
    const sent = Date.now();
    const { startedAt } = await runTask(({ startedAt }) => startedAt !== undefined);
    latencies.push(Date.parse(startedAt as string) - sent);
    // Random, so that events do not fall into step with the server's polling.
    await sleep(200 + Math.random() * 300);
  }
  return latencies;
}
