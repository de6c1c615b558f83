import { recipeAndTiers, sidesOf } from "./support/local-inngest.ts";
import { figure, interleave, type Report, report, type Target, valuesOf } from "./support/measure.ts";
import { type Burst, measureBurst } from "./support/samples.ts";

export const burst = 1000;
/** Rate against the recipe's. */
export const rateTargets = {
  persistent: { bound: "at least", ratio: 2.5 },
  cluster: { bound: "at least", ratio: 4 },
} as const;

/** How fast a burst of one-step runs is processed, and how much CPU time a run takes. */
export async function run(rounds: number): Promise<Report> {
  const sides = sidesOf(recipeAndTiers, (inngest) => measureBurst(inngest, burst));
  const { recipe, ...tiers } = await interleave("throughput", rounds, sides);
  return report(
    "throughput",
    `${burst} events of a one-step function sent at once, in requests of 100: from the first request to the last step, and the CPU ` +
      "time per run of server, queue and database together, of the worker, and of the client that sends and measures. All share this " +
      "machine; cores is the average number of cores that they kept busy. The last results may not be in the history yet.",
    Object.entries(tiers).flatMap(([name, samples]) => {
      const target = (rateTargets as Record<string, Target>)[name];
      const row = (what: string, unit: string, key: keyof Burst) =>
        figure(what, unit, valuesOf(samples, key), valuesOf(recipe, key), rounds, key === "rate" ? { target } : {});
      return [
        row(name, "runs/s", "rate"),
        row(`${name}, processor time`, "ms a run", "cost"),
        row(`${name}, worker`, "ms a run", "workerCost"),
        row(`${name}, client`, "ms a run", "clientCost"),
        row(`${name}, all together`, "cores", "cores"),
      ];
    }),
  );
}
