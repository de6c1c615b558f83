import { installDependencies } from "../lib/dependencies.mjs";
import { LocalInngest } from "./support/local-inngest.ts";
import { figure, interleave, quantile, type Report, report, valuesOf } from "./support/measure.ts";
import { Dbos, Restate } from "./support/peers.ts";
import { memoryOf } from "./support/processes.ts";
import { killAndRecover, measureBurst, type Recovery, startLatencies, stepTimes } from "./support/samples.ts";
import { measureAndStop, type Subject } from "./support/subject.ts";

const events = 10;
const burst = 400;
const steps = 100;
const inFlight = 20;

interface Sample extends Recovery {
  latency: number;
  rate: number;
  step: number;
  memory: number;
}

/** The durable tier against the recipe and two other durable engines, on the same work. */
export async function run(rounds: number): Promise<Report> {
  const failure = installDependencies("bench/peers");
  if (failure) throw new Error(failure);
  const samples = await interleave("peers", rounds, {
    ours: () => sample(() => LocalInngest.start({ kind: "persistent" })),
    recipe: () => sample(() => LocalInngest.start({ kind: "recipe" }), 20_000),
    restate: () => sample(Restate.start),
    dbos: () => sample(Dbos.start),
  });
  const against = (name: string, peer: Sample[]) => {
    const row = (what: string, unit: string, key: keyof Sample) =>
      figure(`${what}, against ${name}`, unit, valuesOf(samples.ours, key), valuesOf(peer, key), rounds);
    return [
      row("idle latency p50", "ms", "latency"),
      row("burst", "runs/s", "rate"),
      row("step in a chain", "ms", "step"),
      row("memory after the burst", "MB", "memory"),
      row(`killed: finished of ${inFlight}`, "runs", "finished"),
      row("killed: until all are done", "s", "seconds"),
      row(`killed: steps run again of ${inFlight / 2}`, "steps", "repeated"),
    ];
  };
  return report(
    "peers",
    `One worker on this machine: ${events} single runs, a burst of ${burst} one-step runs, a function of ${steps} steps; memory without ` +
      `the worker; then everything gets SIGKILL with ${inFlight} runs in flight. Inngest takes the burst in requests of 100, the others ` +
      "take one run per request, 32 at a time. Restate 1.7.12 and DBOS 5.3.0 run with their defaults, which sync to disk before they " +
      "answer; DBOS is a library in the worker, so its memory is that of Postgres alone. Our queue may lose its last second when the " +
      "machine itself dies. In return for the latency, Inngest offers flow control, event fan-out, cancellation, a dashboard, and any " +
      "HTTP worker. One small workload; says nothing about large state, many machines or weeks.",
    [
      ...against("the recipe", samples.recipe),
      ...against("Restate", samples.restate),
      ...against("DBOS", samples.dbos),
    ],
  );
}

async function sample(start: () => Promise<Subject>, recoveryTimeout = 120_000): Promise<Sample> {
  return await measureAndStop(await start(), async (subject) => {
    const latency = quantile(await startLatencies(subject, events), 0.5);
    const [step] = (await stepTimes(subject, steps, 1)) as [number];
    const { rate } = await measureBurst(subject, burst);
    const memory = Math.round(memoryOf(subject.enginePids()));
    const recovery = await killAndRecover(subject, inFlight, subject.programs.names, recoveryTimeout);
    return { latency, rate, step, memory, ...recovery };
  });
}
