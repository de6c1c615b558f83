import { Lab, type Setup } from "./support/lab.ts";
import { figure, interleave, type Report, report } from "./support/measure.ts";
import { type Burst, burstOf } from "./support/samples.ts";

const burst = 1000;

const setups = {
  recipe: { kind: "recipe" },
  process: { kind: "process" },
  persistent: { kind: "persistent" },
  "persistent, profile throughput": { kind: "persistent", profile: "throughput" },
  cluster: { kind: "cluster" },
} as const satisfies Record<string, Setup>;

/** How fast a burst of one-step runs is worked off. */
export async function run(rounds: number): Promise<Report> {
  const found = await interleave(
    "throughput",
    rounds,
    Object.fromEntries(Object.entries(setups).map(([name, setup]) => [name, () => sample(setup)])),
  );
  const { recipe = [], ...tiers } = found;
  const rates = (samples: Burst[]) => samples.map(({ rate }) => rate);
  const costs = (samples: Burst[]) => samples.map(({ cost }) => cost);
  const wanted: Record<string, number> = { persistent: 2.5, "persistent, profile throughput": 2.5, cluster: 4 };
  return report(
    "throughput",
    `${burst} events of a one-step function sent at once, in requests of 100; from the first request to the last step's line. ` +
      "The second figure is the processor time of server, queue and database for a run. " +
      "Client, server, queue, database and worker share this machine; the last step's result may still be on its way to the store.",
    Object.entries(tiers).flatMap(([name, samples]) => [
      figure(name, "runs/s", rates(samples), rates(recipe), rounds, {
        target: wanted[name] ? { bound: "at least", ratio: wanted[name] } : undefined,
      }),
      figure(`${name}, processor time`, "ms a run", costs(samples), costs(recipe), rounds),
    ]),
  );
}

async function sample(setup: Setup): Promise<Burst> {
  const lab = await Lab.start(setup);
  try {
    return await burstOf(lab, burst);
  } finally {
    await lab.stop();
  }
}
