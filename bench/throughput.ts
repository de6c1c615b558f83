import { recipeAndTiers, sidesOf } from "./support/lab.ts";
import { figure, interleave, type Report, report } from "./support/measure.ts";
import { type Burst, burstOf } from "./support/samples.ts";

const burst = 1000;
/** What the rate must be of the recipe's. */
const wanted: Record<string, number> = { persistent: 2.5, cluster: 4 };

/** How fast a burst of one-step runs is worked off. */
export async function run(rounds: number): Promise<Report> {
  const sides = sidesOf(recipeAndTiers, (lab) => burstOf(lab, burst));
  const { recipe, ...tiers } = await interleave("throughput", rounds, sides);
  const of = (key: keyof Burst, samples: Burst[]) => samples.map((each) => each[key]);
  return report(
    "throughput",
    `${burst} events of a one-step function sent at once, in requests of 100; from the first request to the last step's line, and ` +
      "the processor time of server, queue and database for each run. Client, server, queue, database and worker share this machine. " +
      "The last results may still be on their way to the store.",
    Object.entries(tiers).flatMap(([name, samples]) => [
      figure(name, "runs/s", of("rate", samples), of("rate", recipe), rounds, {
        target: wanted[name] ? { bound: "at least", ratio: wanted[name] } : undefined,
      }),
      figure(`${name}, processor time`, "ms a run", of("cost", samples), of("cost", recipe), rounds),
    ]),
  );
}
