import { join } from "node:path";
import { fillHistory } from "./support/history.ts";
import { LocalInngest } from "./support/local-inngest.ts";
import { figure, type Report, report } from "./support/measure.ts";
import { measureBurst, startLatencies } from "./support/samples.ts";

const sizes = [0, 10_000, 100_000];
const events = 15;
const burst = 300;

interface Sample {
  latencies: number[];
  secondsPerRun: number;
}

/** Latency and throughput of the tier `persistent` as the number of finished runs in its history grows. */
export async function run(rounds: number): Promise<Report> {
  const samples = new Map(sizes.map((size) => [size, [] as Sample[]]));
  for (let round = 0; round < rounds; round++) {
    // A history only grows, so the sizes come in order and every round starts with an empty one.
    const inngest = await LocalInngest.start({ kind: "persistent" });
    try {
      for (const size of sizes) {
        if (size > 0) {
          await inngest.programs.stop();
          fillHistory(join(inngest.folder, "server", "main.db"), size);
          await inngest.startAll();
        }
        const sample = await measure(inngest);
        samples.get(size)?.push(sample);
        process.stderr.write(`growth ${round + 1}/${rounds}, ${size}: ${JSON.stringify(sample)}\n`);
      }
    } finally {
      await inngest.stop();
    }
  }
  const [none, ...grown] = sizes as [number, ...number[]];
  const latencies = (size: number) => (samples.get(size) ?? []).flatMap((sample) => sample.latencies);
  const times = (size: number) => (samples.get(size) ?? []).map(({ secondsPerRun }) => secondsPerRun * 1000);
  const target = { bound: "at most", ratio: 1.3 } as const;
  return report(
    "growth",
    "Tier persistent, as processes; the baseline is the same tier with an empty history. Finished runs are rows that this server " +
      "wrote, copied under other ids while it was stopped: 100,000 runs with all their spans and history. Latency: p50 of " +
      `${events} single events. Time a run: a burst of ${burst} one-step runs, divided. Says nothing about the dashboard's queries, nor ` +
      "about Postgres.",
    grown.flatMap((size) => [
      figure(`latency at ${size} runs`, "ms", latencies(size), latencies(none), rounds * events, { target }),
      figure(`time a run at ${size} runs`, "ms", times(size), times(none), rounds, { target }),
    ]),
  );
}

async function measure(inngest: LocalInngest): Promise<Sample> {
  await inngest.runOf("one");
  return {
    latencies: await startLatencies(inngest, events),
    secondsPerRun: 1 / (await measureBurst(inngest, burst)).rate,
  };
}
