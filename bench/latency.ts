import { setTimeout as sleep } from "node:timers/promises";
import { type Lab, recipeAndTiers, sidesOf } from "./support/lab.ts";
import { figure, interleave, type Report, report } from "./support/measure.ts";
import { processorTimeOf } from "./support/processes.ts";
import { waitsOf, wakesOf } from "./support/samples.ts";

const eventsARound = 15;
const sleepersARound = 8;
const restSeconds = 5;

/** An event's wait for its first step on an idle server, and what the idle server costs. */
export async function run(rounds: number): Promise<Report> {
  const setups = {
    ...recipeAndTiers,
    "persistent, profile latency": { kind: "persistent", profile: "latency" },
  } as const;
  const { recipe, ...tiers } = await interleave("latency", rounds, sidesOf(setups, sample));
  const of = (key: "waits" | "wakes", samples: Sample[]) => samples.flatMap((each) => each[key]);
  const idle = (samples: Sample[]) => samples.map((each) => each.idle);
  const events = rounds * eventsARound;
  return report(
    "latency",
    "Event sent to its step's first line, one event at a time at random moments, one worker over HTTP; how late functions wake " +
      `from a sleep; the server's processor time over ${restSeconds} s of rest. Baseline: the recipe. The tiers are their servers, ` +
      "queues and databases as processes, so that no container network takes part. An event first waits in the server's own bus, " +
      "which looks for events every 250 ms (mempubsub, 1.43.0) and cannot be told otherwise: 125 ms in the middle, on both sides. " +
      "A function that wakes from a sleep does not pass it. Says nothing of a busy server.",
    Object.entries(tiers).flatMap(([name, samples]) => [
      figure(`${name}, p50`, "ms", of("waits", samples), of("waits", recipe), events, {
        target: { bound: "at most", ratio: 0.65 },
      }),
      figure(`${name}, p95`, "ms", of("waits", samples), of("waits", recipe), events, {
        at: 0.95,
        target: { bound: "at most", ratio: 0.8 },
      }),
      figure(`${name}, late from a sleep`, "ms", of("wakes", samples), of("wakes", recipe), rounds * sleepersARound),
      figure(`${name}, idle server`, "% of a core", idle(samples), idle(recipe), rounds),
    ]),
  );
}

interface Sample {
  waits: number[];
  wakes: number[];
  idle: number;
}

async function sample(lab: Lab): Promise<Sample> {
  const waits = await waitsOf(lab, eventsARound);
  const wakes = await wakesOf(lab, sleepersARound);
  const server = lab.programs.pids("server");
  const before = processorTimeOf(server);
  await sleep(restSeconds * 1000);
  return { waits, wakes, idle: ((processorTimeOf(server) - before) / restSeconds) * 100 };
}
