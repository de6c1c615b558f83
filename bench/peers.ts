import { ensureDependencies } from "../lib/dependencies.mjs";
import { Lab } from "./support/lab.ts";
import { figure, interleave, quantile, type Report, report } from "./support/measure.ts";
import { Dbos, Restate } from "./support/peers.ts";
import { memoryOf } from "./support/processes.ts";
import { burstOf, killAll, stepsOf, waitsOf } from "./support/samples.ts";
import { ending, type Subject } from "./support/subject.ts";

const events = 10;
const burst = 400;
const steps = 100;
const inFlight = 20;
const patience = 120_000;

/** The durable tier against two other durable engines, on the same work. */
export async function run(rounds: number): Promise<Report> {
  if (!ensureDependencies("bench/peers")) throw new Error("the packages of bench/peers could not be installed");
  const found = await interleave("peers", rounds, {
    ours: () => sample(() => Lab.start({ kind: "persistent" })),
    recipe: () => sample(() => Lab.start({ kind: "recipe" }), 20_000),
    restate: () => sample(Restate.start),
    dbos: () => sample(Dbos.start),
  });
  const against = (name: string, side: "recipe" | "restate" | "dbos") => {
    const of = (which: "ours" | typeof side, key: keyof Sample) => found[which].map((each) => each[key]);
    const pair = (what: string, unit: string, key: keyof Sample) =>
      figure(`${what}, against ${name}`, unit, of("ours", key), of(side, key), rounds);
    return [
      pair("idle latency p50", "ms", "wait"),
      pair("burst", "runs/s", "rate"),
      pair("step in a chain", "ms", "step"),
      pair("memory after the burst", "MB", "memory"),
      pair(`killed: finished of ${inFlight}`, "runs", "finished"),
      pair("killed: until all are done", "s", "seconds"),
      pair(`killed: steps run again of ${inFlight / 2}`, "steps", "repeated"),
    ];
  };
  return report(
    "peers",
    `One worker on this machine, ${events} single runs, a burst of ${burst} one-step runs, a function of ${steps} steps; memory without the ` +
      `worker; then everything gets SIGKILL with ${inFlight} runs in flight. Inngest takes the burst in requests of 100, the others one ` +
      "run a request, 32 at a time. Restate 1.7.12 and DBOS 5.3.0 (library and worker are one, so its memory is Postgres' alone) with " +
      "their defaults, which sync to disk before they answer; the queue of ours may lose its last second when the whole machine dies. " +
      "What the wait buys: flow control, event fan-out, cancellation, a dashboard, and any HTTP worker. One small workload; says nothing " +
      "of large state, many machines or weeks.",
    [...against("the recipe", "recipe"), ...against("Restate", "restate"), ...against("DBOS", "dbos")],
  );
}

interface Sample {
  wait: number;
  rate: number;
  step: number;
  memory: number;
  finished: number;
  seconds: number;
  repeated: number;
}

async function sample(start: () => Promise<Subject>, limit = patience): Promise<Sample> {
  return await ending(await start(), async (subject) => {
    const wait = quantile(await waitsOf(subject, events), 0.5);
    const [step] = (await stepsOf(subject, steps, 1)) as [number];
    const { rate } = await burstOf(subject, burst);
    const memory = Math.round(memoryOf(subject.enginePids()));
    const recovery = await killAll(subject, inFlight, subject.programs.names, limit);
    return { wait, rate, step, memory, ...recovery };
  });
}
