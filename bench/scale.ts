import { type Lab, type Setup, sidesOf } from "./support/lab.ts";
import { figure, interleave, type Report, report } from "./support/measure.ts";
import { processorTimeOf } from "./support/processes.ts";
import { type Burst, burstOf } from "./support/samples.ts";

const burst = 400;

interface Sample extends Burst {
  /** Milliseconds of processor time a run of the workers. */
  workerCost: number;
}

/** What another worker beside the first one brings, and who is the limit. */
export async function run(rounds: number): Promise<Report> {
  const found = await interleave("scale", rounds, { ...sides(1), ...sides(2), ...sides(4) });
  const of = (name: string, key: keyof Sample) => (found[name] ?? []).map((sample) => sample[key]);
  const names = Object.keys(found);
  const [one = "", ...more] = names;
  return report(
    "scale",
    `A burst of ${burst} one-step runs on workers that connect; tier persistent, as processes. Baseline: one worker. A ratio of 1 says ` +
      "that the server is the limit already; the processor time shows it: ours is server's and queue's for a run, the baseline " +
      "the workers'. On one machine more workers cannot do more than its cores. A stack has one worker, in as many replicas as it is " +
      "told, so preview and up do not grow with them.",
    [
      ...more.map((name) => figure(name, "runs/s", of(name, "rate"), of(one, "rate"), rounds)),
      ...names.map((name) =>
        figure(`${name}, server against worker`, "ms a run", of(name, "cost"), of(name, "workerCost"), rounds),
      ),
    ],
  );
}

function sides(workers: number): Record<string, () => Promise<Sample>> {
  const setup: Setup = { kind: "persistent", connectedWorkers: workers };
  return sidesOf({ [workers === 1 ? "1 worker" : `${workers} workers`]: setup }, sample);
}

async function sample(lab: Lab): Promise<Sample> {
  const workers = lab.programs.names.filter((name) => name.startsWith("worker"));
  const used = () => processorTimeOf(workers.flatMap((name) => lab.programs.pids(name)));
  const before = used();
  const measured = await burstOf(lab, burst);
  return { ...measured, workerCost: Math.round(((used() - before) / burst) * 10_000) / 10 };
}
