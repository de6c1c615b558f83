import { type Lab, type Setup, sidesOf } from "./support/lab.ts";
import { figure, interleave, type Report, report } from "./support/measure.ts";

const room = 4;
const milliseconds = 500;
const runsAWorker = 40;

/** Whether another worker beside the first ones takes its share. */
export async function run(rounds: number): Promise<Report> {
  const found = await interleave("scale", rounds, { ...sides(1), ...sides(2), ...sides(4) });
  return report(
    "scale",
    `Workers that connect, each with room for ${room} steps at once, a step of ${milliseconds} ms that only waits, ${runsAWorker} runs for each ` +
      "worker at once; tier persistent, as processes. Ours: runs a second for each worker; baseline: a lone worker's. " +
      "Shows that work spreads; on one machine it cannot show more work than its cores do. A stack has one worker, in as many " +
      "replicas as it is told, so preview and up do not grow with them.",
    ["2 workers", "4 workers"].map((name) =>
      figure(`${name}, for each`, "runs/s", found[name] ?? [], found["1 workers"] ?? [], rounds, {
        target: { bound: "at least", ratio: 0.8 },
      }),
    ),
  );
}

function sides(workers: number): Record<string, () => Promise<number>> {
  const setup: Setup = { kind: "persistent", connected: { workers, room } };
  return sidesOf({ [`${workers} workers`]: setup }, (lab) => rateOf(lab, workers));
}

/** Runs a second for each worker. */
async function rateOf(lab: Lab, workers: number): Promise<number> {
  const begin = performance.timeOrigin + performance.now();
  const end = await lab.ended(await lab.send("mid-step", runsAWorker * workers, { milliseconds }), 120_000);
  return Math.round((runsAWorker / (end - begin)) * 100_000) / 100;
}
