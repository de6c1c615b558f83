import { recipeAndTiers, sidesOf } from "./support/local-inngest.ts";
import { figure, interleave, type Report, report } from "./support/measure.ts";
import { stepTimes } from "./support/samples.ts";

export const steps = 100;
/** Time per step against the recipe's. */
export const stepTarget = { bound: "at most", ratio: 0.5 } as const;
const chainsPerRound = 3;

/** Time from one step to the next in a function with many steps. */
export async function run(rounds: number): Promise<Report> {
  const setups = {
    ...recipeAndTiers,
    "persistent, profile throughput": { kind: "persistent", profile: "throughput" },
  } as const;
  const sides = sidesOf(setups, (inngest) => stepTimes(inngest, steps, chainsPerRound));
  const { recipe, ...tiers } = await interleave("chain", rounds, sides);
  return report(
    "chain",
    `A function of ${steps} consecutive steps, run ${chainsPerRound} times in a row: the time between the first and the last step, ` +
      "divided by the steps between them. The SDK stores each result before the next step starts (its default), or several " +
      "results at once if the profile says so. Says nothing about many chains at the same time.",
    Object.entries(tiers).map(([name, samples]) =>
      figure(name, "ms a step", samples.flat(), recipe.flat(), rounds * chainsPerRound, { target: stepTarget }),
    ),
  );
}
