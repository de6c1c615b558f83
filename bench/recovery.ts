import { type LocalInngest, recipeAndTiers, sidesOf } from "./support/local-inngest.ts";
import { figure, interleave, type Report, report, valuesOf } from "./support/measure.ts";
import { killAndRecover, type Recovery, workSeconds } from "./support/samples.ts";

/** Seconds for which a step belongs to a server that has died (the server's `QueueLeaseDuration`). */
const lease = 30;
const inFlight = 20;
/** Seconds to wait for the runs. The recipe loses them, so waiting longer for it changes nothing. */
const timeout = { recipe: 20, tier: 120 };

/** Time until all runs in flight are done after everything was killed at once. */
export async function run(rounds: number): Promise<Report> {
  const kill = (seconds: number) => (inngest: LocalInngest) =>
    killAndRecover(inngest, inFlight, inngest.programs.names, seconds * 1000);
  const { recipe, persistent, cluster } = recipeAndTiers;
  const samples = await interleave("recovery", rounds, {
    ...sidesOf({ recipe }, kill(timeout.recipe)),
    ...sidesOf({ persistent, cluster }, kill(timeout.tier)),
  });
  const values = (name: keyof typeof samples, key: keyof Recovery) => valuesOf(samples[name], key);
  const finished = (name: keyof typeof samples) =>
    figure(`${name}, finished of ${inFlight}`, "runs", values(name, "finished"), [inFlight], rounds, {
      target: name === "recipe" ? undefined : { bound: "at least", ratio: 1 },
    });
  return report(
    "recovery",
    `${inFlight} runs, half of them asleep and half in a step of ${workSeconds} s, when server, queue, database and worker get SIGKILL at ` +
      `once; they restart half a second later. From the kill to the last step of the last run, without the ${workSeconds} s that the ` +
      `interrupted steps take again; the baseline is the server's lease (${lease} s) plus 10 s. The benchmark waits ${timeout.recipe} s ` +
      "for the recipe's runs. Proves nothing about a power cut: the kernel survives and keeps what was written.",
    [
      ...(["persistent", "cluster"] as const).flatMap((name) => [
        figure(`${name}, until all are done`, "s", values(name, "seconds"), [lease + 10], rounds, {
          target: { bound: "at most", ratio: 1 },
        }),
        finished(name),
        figure(`${name}, steps run again`, "steps", values(name, "repeated"), [inFlight / 2], rounds),
      ]),
      finished("recipe"),
    ],
  );
}
