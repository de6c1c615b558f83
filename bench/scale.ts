import { type Setup, sidesOf } from "./support/local-inngest.ts";
import { figure, interleave, type Report, type Result, report, timed, valuesOf } from "./support/measure.ts";
import { BenchProgram } from "./support/program.ts";
import { type Burst, measureBurst } from "./support/samples.ts";

const burst = 400;

/** What additional workers bring, and whether server or workers are the limit. */
export async function run(rounds: number): Promise<Report> {
  const samples = await interleave("scale", rounds, { ...sides(1), ...sides(2), ...sides(4) });
  const values = (name: string, key: keyof Burst) => valuesOf(samples[name] ?? [], key);
  const names = Object.keys(samples);
  const [one = "", ...more] = names;
  return report(
    "scale",
    `A burst of ${burst} one-step runs on workers that use Connect; tier persistent, as processes. Baseline: one worker. A ratio of 1 ` +
      "means that the server is already the limit. The CPU time confirms it: ours is that of server and queue per run, the baseline that " +
      "of the workers. On one machine, additional workers cannot exceed its cores. A stack has one worker, in a configurable number of " +
      "replicas; the cost of 10 and 50 host workers is measured on a program without a server. A worker of 50 against one of 10: the " +
      "time divided by the number of workers, so that 1 is linear growth.",
    [
      ...(await programResults(rounds)),
      ...more.map((name) => figure(name, "runs/s", values(name, "rate"), values(one, "rate"), rounds)),
      ...names.map((name) =>
        figure(`${name}, server against worker`, "ms a run", values(name, "cost"), values(name, "workerCost"), rounds),
      ),
    ],
  );
}

/** Milliseconds for a program with workers. */
interface ProgramTimes {
  up: number;
  preview: number;
}

/** How `up` from nothing and a preview without changes grow with the number of workers in a program. */
async function programResults(rounds: number): Promise<Result[]> {
  const samples = await interleave("programs", rounds, {
    "1": () => programTimes(1),
    "10": () => programTimes(10),
    "50": () => programTimes(50),
  });
  return (["up", "preview"] as const).flatMap((command) => {
    const times = (workers: keyof typeof samples) => valuesOf(samples[workers], command);
    const perWorker = (workers: keyof typeof samples) => times(workers).map((time) => time / Number(workers));
    return [
      figure(`${command} with 10 workers`, "ms", times("10"), times("1"), rounds),
      figure(`${command} with 50 workers`, "ms", times("50"), times("1"), rounds),
      figure(`${command}, a worker of 50 against one of 10`, "ms", perWorker("50"), perWorker("10"), rounds, {
        target: { bound: "at most", ratio: 1.1 },
      }),
    ];
  });
}

async function programTimes(workers: number): Promise<ProgramTimes> {
  const program = await BenchProgram.create("workers", { WORKERS: String(workers) });
  try {
    const up = await timed(() => program.run("up", "--yes", "--skip-preview"));
    return { up, preview: await timed(() => program.run("preview", "--expect-no-changes")) };
  } finally {
    await program.run("destroy", "--yes", "--skip-preview");
    program.remove();
  }
}

function sides(workers: number): Record<string, () => Promise<Burst>> {
  const setup: Setup = { kind: "persistent", connectedWorkers: workers };
  const name = workers === 1 ? "1 worker" : `${workers} workers`;
  return sidesOf({ [name]: setup }, (inngest) => measureBurst(inngest, burst));
}
