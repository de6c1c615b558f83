import { Lab, type Setup } from "./support/lab.ts";
import { figure, interleave, type Report, report } from "./support/measure.ts";
import { stepsOf } from "./support/samples.ts";

const steps = 100;
const chainsARound = 3;

/** Time from one step to the next in a function of many. */
export async function run(rounds: number): Promise<Report> {
  const sides: Record<string, Setup> = {
    recipe: { kind: "recipe" },
    process: { kind: "process" },
    persistent: { kind: "persistent" },
    "persistent, profile throughput": { kind: "persistent", profile: "throughput" },
    cluster: { kind: "cluster" },
  };
  const found = await interleave(
    "chain",
    rounds,
    Object.fromEntries(Object.entries(sides).map(([name, setup]) => [name, () => sample(setup)])),
  );
  const { recipe = [], ...tiers } = found;
  return report(
    "chain",
    `A function of ${steps} steps in a row, one at a time, ${chainsARound} after each other: from the first step's line to the last ` +
      "one's, divided by the steps between. The SDK stores each result before the next step begins (its default), or several " +
      "at once where the profile says so. Says nothing of many chains at once.",
    Object.entries(tiers).map(([name, samples]) =>
      figure(name, "ms a step", samples.flat(), recipe.flat(), rounds * chainsARound, {
        target: { bound: "at most", ratio: 0.5 },
      }),
    ),
  );
}

async function sample(setup: Setup): Promise<number[]> {
  const lab = await Lab.start(setup);
  try {
    return await stepsOf(lab, steps, chainsARound);
  } finally {
    await lab.stop();
  }
}
