import { readFileSync } from "node:fs";
import { delimiter, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ByHand, type HandWorker, startByHand } from "./support/by-hand.ts";
import { figure, type Report, report } from "./support/measure.ts";

const eventsARound = 8;

interface Samples {
  start: number[];
  memory: number[];
  latency: number[];
}

/** Node against Bun, and `serve` against `connect`: cold start, idle memory, and the wait of an event. */
export async function run(rounds: number): Promise<Report> {
  process.env.PATH = `${resolve("worker/node_modules/.bin")}${delimiter}${process.env.PATH}`;
  const kinds = {
    node: { runtime: "node", transport: "serve" },
    bun: { runtime: "bun", transport: "serve" },
    connect: { runtime: "node", transport: "connect" },
  } as const satisfies Record<string, HandWorker>;
  const samples = Object.fromEntries(
    Object.keys(kinds).map((kind) => [kind, { start: [], memory: [], latency: [] } as Samples]),
  ) as Record<keyof typeof kinds, Samples>;

  for (let round = 0; round < rounds; round++) {
    const order = Object.entries(kinds) as [keyof typeof kinds, HandWorker][];
    for (const [kind, worker] of round % 2 === 0 ? order : order.reverse()) {
      const hand = await startByHand(18_388, worker);
      try {
        samples[kind].start.push(hand.workerStart);
        samples[kind].latency.push(...(await latencies(hand)));
        samples[kind].memory.push(residentMemory(hand.workerPid));
      } finally {
        await hand.stop();
      }
    }
    process.stderr.write(`worker ${round + 1}/${rounds}\n`);
  }
  const { node, bun, connect } = samples;
  return report(
    "worker",
    "The column ours is Bun, or connect; the baseline is Node, or serve. Start: process begun to the first answer. " +
      "Wait: event sent to the function's start, one event at a time, server defaults. Says nothing of load.",
    [
      figure("start, Bun against Node", "ms", bun.start, node.start, rounds),
      figure("idle memory, Bun against Node", "MiB", bun.memory, node.memory, rounds),
      figure("wait, Bun against Node", "ms", bun.latency, node.latency, rounds * eventsARound),
      figure("wait, connect against serve", "ms", connect.latency, node.latency, rounds * eventsARound),
      figure("start, connect against serve", "ms", connect.start, node.start, rounds),
    ],
  );
}

async function latencies({ api, eventKey, workerUrl }: ByHand): Promise<number[]> {
  const found: number[] = [];
  for (let event = 0; event < eventsARound; event++) {
    const sent = Date.now();
    const data = { url: `${workerUrl}/healthz`, outputPath: "a.json" };
    const id = await api.send(eventKey, { name: "task/process", data });
    for (;;) {
      const started = (await api.runsOf(id))[0]?.startedAt;
      if (started) {
        found.push(Date.parse(started) - sent);
        break;
      }
      await sleep(20);
    }
    // Not in step with the server's own clock.
    await sleep(200 + Math.random() * 300);
  }
  return found;
}

/** Resident memory of a process in MiB (Linux). */
function residentMemory(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}
