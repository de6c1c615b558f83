import { Lab } from "./support/lab.ts";
import { figure, interleave, type Report, report } from "./support/measure.ts";

const room = 4;
const milliseconds = 500;
const runsAWorker = 40;

/** Whether another worker beside the first ones takes its share. */
export async function run(rounds: number): Promise<Report> {
  const found = await interleave("scale", rounds, {
    one: () => sample(1),
    two: () => sample(2),
    four: () => sample(4),
  });
  return report(
    "scale",
    `Workers that connect, each with room for ${room} steps at once, a step of ${milliseconds} ms that only waits, ${runsAWorker} runs for each ` +
      "worker at once; tier persistent, as processes. Ours: runs a second divided by the number of workers; baseline: one worker's. " +
      "Shows that work spreads; on one machine it cannot show more work than its cores do. A stack has one worker, in as many " +
      "replicas as it is told, so preview and up do not grow with them.",
    (["two", "four"] as const).map((workers) =>
      figure(`${workers} workers, for each`, "runs/s", found[workers], found.one, rounds, {
        target: { bound: "at least", ratio: 0.8 },
      }),
    ),
  );
}

/** Runs a second and worker. */
async function sample(workers: number): Promise<number> {
  const lab = await Lab.start({ kind: "persistent", connected: { workers, room } });
  try {
    const begin = performance.timeOrigin + performance.now();
    const end = await lab.ended(await lab.send("mid-step", runsAWorker * workers, { milliseconds }), 120_000);
    return Math.round((runsAWorker / (end - begin)) * 100_000) / 100;
  } finally {
    await lab.stop();
  }
}
