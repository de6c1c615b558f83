import { join } from "node:path";
import { fillHistory } from "./support/fill.ts";
import { Lab } from "./support/lab.ts";
import { figure, type Report, report } from "./support/measure.ts";
import { burstOf, waitsOf } from "./support/samples.ts";

const sizes = [0, 10_000, 100_000];
const events = 15;
const burst = 300;

interface Sample {
  waits: number[];
  secondsARun: number;
}

/** Latency and throughput of the tier `persistent` with more and more finished runs in its store. */
export async function run(rounds: number): Promise<Report> {
  const found = new Map(sizes.map((size) => [size, [] as Sample[]]));
  for (let round = 0; round < rounds; round++) {
    // A store only grows, so its sizes come in order; every round begins with a new one.
    const lab = await Lab.start({ kind: "persistent" });
    try {
      for (const size of sizes) {
        if (size > 0) {
          await lab.programs.stop();
          fillHistory(join(lab.folder, "server", "main.db"), size);
          await lab.startAll();
        }
        const sample = await measure(lab);
        found.get(size)?.push(sample);
        process.stderr.write(`growth ${round + 1}/${rounds}, ${size}: ${JSON.stringify(sample)}\n`);
      }
    } finally {
      await lab.stop();
    }
  }
  const [none, ...grown] = sizes as [number, ...number[]];
  const waits = (size: number) => (found.get(size) ?? []).flatMap((sample) => sample.waits);
  const times = (size: number) => (found.get(size) ?? []).map(({ secondsARun }) => secondsARun * 1000);
  const target = { bound: "at most", ratio: 1.3 } as const;
  return report(
    "growth",
    "Tier persistent, as processes; itself with an empty store is the baseline. Finished runs are real rows of this server, " +
      `multiplied under other ids while it was stopped, 100,000 of them with all their spans and history. Latency: p50 of ${events} ` +
      `single events. Time a run: a burst of ${burst} one-step runs, divided. Says nothing of the dashboard's own queries, nor of Postgres.`,
    grown.flatMap((size) => [
      figure(`latency at ${size} runs`, "ms", waits(size), waits(none), rounds * events, { target }),
      figure(`time a run at ${size} runs`, "ms", times(size), times(none), rounds, { target }),
    ]),
  );
}

async function measure(lab: Lab): Promise<Sample> {
  await lab.runOf("one");
  return { waits: await waitsOf(lab, events), secondsARun: 1 / (await burstOf(lab, burst)).rate };
}
