import { type Lab, recipeAndTiers, sidesOf } from "./support/lab.ts";
import { figure, interleave, type Report, report } from "./support/measure.ts";
import { killAll, type Recovery, workSeconds } from "./support/samples.ts";

/** Seconds that a dead server's work stays its own (`QueueLeaseDuration`, server 1.43.0). */
const lease = 30;
const inFlight = 20;
/** Seconds that the recipe's runs are waited for, which do not come, and the tiers'. */
const patience = { recipe: 20, tier: 120 };

/** Everything killed at once with runs in flight: how long until all of them are done. */
export async function run(rounds: number): Promise<Report> {
  const kill = (seconds: number) => (lab: Lab) => killAll(lab, inFlight, lab.programs.names, seconds * 1000);
  const { recipe, persistent, cluster } = recipeAndTiers;
  const found = await interleave("recovery", rounds, {
    ...sidesOf({ recipe }, kill(patience.recipe)),
    ...sidesOf({ persistent, cluster }, kill(patience.tier)),
  });
  const of = (name: keyof typeof found, key: keyof Recovery) => found[name].map((each) => each[key]);
  const finished = (name: keyof typeof found, least: number) =>
    figure(`${name}, finished of ${inFlight}`, "runs", of(name, "finished"), [inFlight], rounds, {
      target: least > 0 ? { bound: "at least", ratio: least } : undefined,
    });
  return report(
    "recovery",
    `${inFlight} runs, half of them asleep and half within a step of ${workSeconds} s, when server, queue, database and worker get ` +
      `SIGKILL at once, to be started again half a second later. From the kill to the last run's last step, less the ${workSeconds} s ` +
      `that the interrupted steps take again; the baseline is the server's lease (${lease} s) and 10 s. The recipe's runs are ` +
      `waited for ${patience.recipe} s. Proves nothing of a power cut: the kernel lives on and keeps what was written.`,
    [
      ...(["persistent", "cluster"] as const).flatMap((name) => [
        figure(`${name}, until all are done`, "s", of(name, "seconds"), [lease + 10], rounds, {
          target: { bound: "at most", ratio: 1 },
        }),
        finished(name, 1),
        figure(`${name}, steps run again`, "steps", of(name, "repeated"), [inFlight / 2], rounds),
      ]),
      finished("recipe", 0),
    ],
  );
}
