import { recipeAndTiers, sidesOf } from "./support/lab.ts";
import { figure, interleave, type Report, report } from "./support/measure.ts";
import { stepsOf } from "./support/samples.ts";

export const steps = 100;
/** What a step may take of the recipe's time. */
export const stepTarget = { bound: "at most", ratio: 0.5 } as const;
const chainsARound = 3;

/** Time from one step to the next in a function of many. */
export async function run(rounds: number): Promise<Report> {
  const setups = {
    ...recipeAndTiers,
    "persistent, profile throughput": { kind: "persistent", profile: "throughput" },
  } as const;
  const sides = sidesOf(setups, (lab) => stepsOf(lab, steps, chainsARound));
  const { recipe, ...tiers } = await interleave("chain", rounds, sides);
  return report(
    "chain",
    `A function of ${steps} steps in a row, ${chainsARound} one after another: from the first step's line to the last one's, divided by ` +
      "the steps between. The SDK stores each result before the next step begins (its default), or several together where the " +
      "profile says so. Says nothing of many chains at once.",
    Object.entries(tiers).map(([name, samples]) =>
      figure(name, "ms a step", samples.flat(), recipe.flat(), rounds * chainsARound, { target: stepTarget }),
    ),
  );
}
