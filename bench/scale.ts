import { type Setup, sidesOf } from "./support/lab.ts";
import { figure, interleave, type Report, type Result, report, timed } from "./support/measure.ts";
import { BenchProgram } from "./support/program.ts";
import { type Burst, burstOf } from "./support/samples.ts";

const burst = 400;

/** What another worker beside the first one brings, and who is the limit. */
export async function run(rounds: number): Promise<Report> {
  const found = await interleave("scale", rounds, { ...sides(1), ...sides(2), ...sides(4) });
  const of = (name: string, key: keyof Burst) => (found[name] ?? []).map((sample) => sample[key]);
  const names = Object.keys(found);
  const [one = "", ...more] = names;
  return report(
    "scale",
    `A burst of ${burst} one-step runs on workers that connect; tier persistent, as processes. Baseline: one worker. A ratio of 1 says ` +
      "that the server is the limit already; the processor time shows it: ours is server's and queue's for a run, the baseline " +
      "the workers'. On one machine more workers cannot do more than its cores. A stack has one worker, in as many replicas as it is " +
      "told; what 10 and 50 host workers cost is measured on a program without a server. A worker of 50 against one of 10: the " +
      "time divided by the workers, so that 1 is linear growth.",
    [
      ...(await programs(rounds)),
      ...more.map((name) => figure(name, "runs/s", of(name, "rate"), of(one, "rate"), rounds)),
      ...names.map((name) =>
        figure(`${name}, server against worker`, "ms a run", of(name, "cost"), of(name, "workerCost"), rounds),
      ),
    ],
  );
}

/** Milliseconds of a program with workers. */
interface ProgramTimes {
  up: number;
  preview: number;
}

/** How `up` from nothing and a preview without changes grow with the workers of a program. */
async function programs(rounds: number): Promise<Result[]> {
  const found = await interleave("programs", rounds, {
    "1": () => programTimes(1),
    "10": () => programTimes(10),
    "50": () => programTimes(50),
  });
  return (["up", "preview"] as const).flatMap((command) => {
    const of = (workers: keyof typeof found) => found[workers].map((times) => times[command]);
    const each = (workers: keyof typeof found) => of(workers).map((time) => time / Number(workers));
    return [
      figure(`${command} with 10 workers`, "ms", of("10"), of("1"), rounds),
      figure(`${command} with 50 workers`, "ms", of("50"), of("1"), rounds),
      figure(`${command}, a worker of 50 against one of 10`, "ms", each("50"), each("10"), rounds, {
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
  return sidesOf({ [workers === 1 ? "1 worker" : `${workers} workers`]: setup }, (lab) => burstOf(lab, burst));
}
