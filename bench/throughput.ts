import { recipeAndTiers, sidesOf } from "./support/lab.ts";
import { figure, interleave, type Report, report, type Target } from "./support/measure.ts";
import { type Burst, burstOf } from "./support/samples.ts";

export const burst = 1000;
/** What the rate must be of the recipe's. */
export const rateTargets = {
  persistent: { bound: "at least", ratio: 2.5 },
  cluster: { bound: "at least", ratio: 4 },
} as const;

/** How fast a burst of one-step runs is worked off, and who spends what on a run. */
export async function run(rounds: number): Promise<Report> {
  const sides = sidesOf(recipeAndTiers, (lab) => burstOf(lab, burst));
  const { recipe, ...others } = await interleave("throughput", rounds, sides);
  const of = (key: keyof Burst, samples: Burst[]) => samples.map((each) => each[key]);
  return report(
    "throughput",
    `${burst} events of a one-step function sent at once, in requests of 100; from the first request to the last step's line, and ` +
      "the processor time for each run of server, queue and database together, of the worker, and of the client that sends and measures. " +
      "They share this machine; cores are how many of its cores they kept busy on the average. The last results may still be on their " +
      "way to the store.",
    Object.entries(others).flatMap(([name, samples]) => {
      const target = (rateTargets as Record<string, Target>)[name];
      const row = (what: string, unit: string, key: keyof Burst) =>
        figure(what, unit, of(key, samples), of(key, recipe), rounds, key === "rate" ? { target } : {});
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
