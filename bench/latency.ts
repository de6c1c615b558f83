import { setTimeout as sleep } from "node:timers/promises";
import { type LocalInngest, recipeAndTiers, sidesOf } from "./support/local-inngest.ts";
import { figure, interleave, type Report, report, valuesOf } from "./support/measure.ts";
import { cpuTimeOf } from "./support/processes.ts";
import { startLatencies, wakeDelays } from "./support/samples.ts";

const eventsPerRound = 15;
const sleepersPerRound = 8;
const idleSeconds = 5;

interface Sample {
  latencies: number[];
  wakeDelays: number[];
  /** CPU time of the idle server, in percent of a core. */
  idle: number;
}

/** Time from an event to its first step on an idle server, and what the idle server costs. */
export async function run(rounds: number): Promise<Report> {
  const setups = {
    ...recipeAndTiers,
    "persistent, profile latency": { kind: "persistent", profile: "latency" },
  } as const;
  const { recipe, ...tiers } = await interleave("latency", rounds, sidesOf(setups, sample));
  return report(
    "latency",
    "From an event to the first line of its step, one event at a time at random moments, one worker over HTTP; how late functions " +
      `wake up from a sleep; the server's CPU time over ${idleSeconds} idle seconds. Baseline: the recipe. Each tier runs as processes ` +
      "(server, queue and database), so no container network is involved. An event first waits in the server's event bus, which polls " +
      "every 250 ms and has no setting for that: 125 ms in the middle, on both sides. A function that wakes up does not pass the bus. " +
      "Says nothing about a busy server.",
    Object.entries(tiers).flatMap(([name, samples]) => {
      const latencies = [valuesOf(samples, "latencies").flat(), valuesOf(recipe, "latencies").flat()] as const;
      const delays = [valuesOf(samples, "wakeDelays").flat(), valuesOf(recipe, "wakeDelays").flat()] as const;
      const idle = [valuesOf(samples, "idle"), valuesOf(recipe, "idle")] as const;
      const events = rounds * eventsPerRound;
      return [
        figure(`${name}, p50`, "ms", ...latencies, events, { target: { bound: "at most", ratio: 0.65 } }),
        figure(`${name}, p95`, "ms", ...latencies, events, { at: 0.95, target: { bound: "at most", ratio: 0.8 } }),
        figure(`${name}, late from a sleep`, "ms", ...delays, rounds * sleepersPerRound),
        figure(`${name}, idle server`, "% of a core", ...idle, rounds),
      ];
    }),
  );
}

async function sample(inngest: LocalInngest): Promise<Sample> {
  const latencies = await startLatencies(inngest, eventsPerRound);
  const delays = await wakeDelays(inngest, sleepersPerRound);
  const server = inngest.programs.pids("server");
  const before = cpuTimeOf(server);
  await sleep(idleSeconds * 1000);
  return { latencies, wakeDelays: delays, idle: ((cpuTimeOf(server) - before) / idleSeconds) * 100 };
}
