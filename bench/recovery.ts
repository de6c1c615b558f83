import { Lab, type Setup } from "./support/lab.ts";
import { figure, interleave, type Report, report } from "./support/measure.ts";
import { killAll, type Recovery, workSeconds } from "./support/samples.ts";

/** Seconds that a dead server's work stays its own (`QueueLeaseDuration`, server 1.43.0). */
const lease = 30;
const runsARound = 20;
const patience = 120_000;

/** Everything killed at once with runs in flight: how long until all of them are done. */
export async function run(rounds: number): Promise<Report> {
  const setups = {
    recipe: { kind: "recipe" },
    persistent: { kind: "persistent" },
    cluster: { kind: "cluster" },
  } as const satisfies Record<string, Setup>;
  const found = await interleave("recovery", rounds, {
    recipe: () => sample(setups.recipe, 20_000),
    persistent: () => sample(setups.persistent, patience),
    cluster: () => sample(setups.cluster, patience),
  });
  const of = (samples: Recovery[], key: keyof Recovery) => samples.map((each) => each[key]);
  return report(
    "recovery",
    `${runsARound} runs, half of them asleep and half within a step of ${workSeconds} s, when server, queue, database and worker get ` +
      "SIGKILL at once and are started again half a second later. Seconds from the kill to the last run's last step, less the " +
      `${workSeconds} s that the interrupted steps take again; the baseline is the server's lease (${lease} s) and 10 s. ` +
      "The recipe's runs are waited for 20 s. Proves nothing of a power cut: the kernel lives on and keeps what was written.",
    ["persistent", "cluster"]
      .flatMap((name) => {
        const samples = found[name as "persistent"];
        return [
          figure(`${name}, until all are done`, "s", of(samples, "seconds"), [lease + 10], rounds, {
            target: { bound: "at most", ratio: 1 },
          }),
          figure(`${name}, runs finished of ${runsARound}`, "runs", of(samples, "finished"), [runsARound], rounds, {
            target: { bound: "at least", ratio: 1 },
          }),
          figure(`${name}, interrupted steps run again`, "steps", of(samples, "repeated"), [runsARound / 2], rounds),
        ];
      })
      .concat(
        figure(
          `the recipe, runs finished of ${runsARound}`,
          "runs",
          of(found.recipe, "finished"),
          [runsARound],
          rounds,
        ),
      ),
  );
}

async function sample(setup: Setup, patience: number): Promise<Recovery> {
  const lab = await Lab.start(setup);
  try {
    return await killAll(lab, runsARound, ["server", "queue", "database", "worker"], patience);
  } finally {
    await lab.stop();
  }
}
