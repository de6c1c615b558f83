import { setTimeout as sleep } from "node:timers/promises";
import { Lab, type Setup } from "./support/lab.ts";
import { figure, interleave, type Report, report, type Target } from "./support/measure.ts";
import { processorTimeOf } from "./support/processes.ts";
import { waitsOf, wakesOf } from "./support/samples.ts";

const eventsARound = 15;
const sleepersARound = 8;
const restSeconds = 5;

const setups = {
  recipe: { kind: "recipe" },
  process: { kind: "process" },
  persistent: { kind: "persistent" },
  "persistent, profile latency": { kind: "persistent", profile: "latency" },
  cluster: { kind: "cluster" },
} as const satisfies Record<string, Setup>;

/** An event's wait for its first step on an idle server, and what the idle server costs. */
export async function run(rounds: number): Promise<Report> {
  const found = await interleave(
    "latency",
    rounds,
    Object.fromEntries(Object.entries(setups).map(([name, setup]) => [name, () => sample(setup)])),
  );
  const { recipe = [], ...tiers } = found;
  const waits = (samples: Sample[]) => samples.flatMap((each) => each.waits);
  const idle = (samples: Sample[]) => samples.map((each) => each.idle);
  const count = rounds * eventsARound;
  const halved: Target = { bound: "at most", ratio: 0.65 };
  const tail: Target = { bound: "at most", ratio: 0.8 };
  return report(
    "latency",
    "Event sent to its step's first line, one event at a time at random moments, one worker over HTTP; the server's processor " +
      `time over ${restSeconds} s of rest, in percent of one core. Baseline: the recipe, \`inngest start\` with its defaults. ` +
      "The tiers are their servers, queues and databases as processes, so that no container network takes part. " +
      "An event first waits in the server's own bus, which looks for events every 250 ms (mempubsub, 1.43.0) and cannot be told " +
      "otherwise: 125 ms in the middle, on both sides. A function that wakes from a sleep does not pass it. " +
      "Says nothing of a busy server.",
    Object.entries(tiers).flatMap(([name, samples]) => [
      figure(`${name}, p50`, "ms", waits(samples), waits(recipe), count, { target: halved }),
      figure(`${name}, p95`, "ms", waits(samples), waits(recipe), count, { at: 0.95, target: tail }),
      figure(
        `${name}, late from a sleep, p50`,
        "ms",
        samples.flatMap(({ wakes }) => wakes),
        recipe.flatMap(({ wakes }) => wakes),
        rounds * sleepersARound,
      ),
      figure(`${name}, idle server`, "% of a core", idle(samples), idle(recipe), rounds),
    ]),
  );
}

interface Sample {
  waits: number[];
  wakes: number[];
  idle: number;
}

async function sample(setup: Setup): Promise<Sample> {
  const lab = await Lab.start(setup);
  try {
    const waits = await waitsOf(lab, eventsARound);
    const wakes = await wakesOf(lab, sleepersARound);
    const server = lab.programs.pids("server");
    const before = processorTimeOf(server);
    await sleep(restSeconds * 1000);
    return { waits, wakes, idle: ((processorTimeOf(server) - before) / restSeconds) * 100 };
  } finally {
    await lab.stop();
  }
}
