import { setTimeout as sleep } from "node:timers/promises";
import { processorTimeOf } from "./processes.ts";
import { type Subject, Unfinished } from "./subject.ts";

/** Milliseconds after which the server's own bus looks for events again while there are none (1.43.0). */
const busInterval = 250;

/** Milliseconds from sending to the first step's line, of single runs at {@link moments}. */
export async function waitsOf(subject: Subject, events: number): Promise<number[]> {
  const waits: number[] = [];
  for (const moment of moments(events)) {
    await sleep(moment);
    const { sent, marks } = await subject.runOf("one");
    waits.push(Math.round(((marks[0]?.at as number) - sent) * 10) / 10);
  }
  return waits;
}

/**
 * Milliseconds to rest before each of so many events, one in each equal part of the interval after the first, in a random
 * order. The bus counts its interval from the event before; moments that are left to chance crowd, and move a median of 75
 * waits by a tenth.
 */
export function moments(events: number): number[] {
  const parts = Array.from({ length: events }, (_, part) => busInterval * (1 + (part + Math.random()) / events));
  const keyed = parts.map((moment) => ({ moment, key: Math.random() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ moment }) => moment);
}

/** Milliseconds that functions wake up too late from a sleep of a second: the queue's own wait, no event taking part. */
export async function wakesOf(subject: Subject, sleepers: number): Promise<number[]> {
  const milliseconds = 1000;
  const runs: string[] = [];
  for (let sleeper = 0; sleeper < sleepers; sleeper++) {
    runs.push(...(await subject.send("asleep", 1, { milliseconds })));
    await sleep(100 + Math.random() * 200);
  }
  await subject.ended(runs, 30_000);
  const at = (step: string) =>
    new Map(subject.marks().flatMap((mark) => (mark.step === step ? [[mark.run, mark.at]] : [])));
  const [begins, ends] = [at("begin"), at("end")];
  return runs.map((run) => Math.round((ends.get(run) as number) - (begins.get(run) as number) - milliseconds));
}

export interface Burst {
  /** Runs a second, from the first request to the last step's line. */
  rate: number;
  /** Milliseconds of processor time a run of server, queue and database. */
  cost: number;
  /** The same of the worker. */
  workerCost: number;
  /** The same of whoever sends the events and measures. */
  clientCost: number;
  /** Cores that all of these kept busy. */
  cores: number;
}

/** One-step runs sent at once; those that are not done after three minutes do not count. */
export async function burstOf(subject: Subject, count: number): Promise<Burst> {
  const patience = 180_000;
  // A database starts a process for each connection, some of them only during the burst.
  const used = () => ({
    engine: processorTimeOf(subject.enginePids()),
    worker: processorTimeOf(subject.workerPids()),
    client: (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
  });
  const before = used();
  const begin = performance.timeOrigin + performance.now();
  const runs = await subject.send("one", count);
  const ended = await subject.ended(runs, patience).catch((error: unknown) => error);
  if (typeof ended !== "number" && !(ended instanceof Unfinished)) throw ended;
  const [finished, end] = typeof ended === "number" ? [count, ended] : [ended.finished, begin + patience];
  const after = used();
  const [engine, worker, client] = [
    after.engine - before.engine,
    after.worker - before.worker,
    after.client - before.client,
  ];
  const each = (seconds: number) => tenths((seconds / finished) * 1000);
  return {
    rate: tenths((finished / (end - begin)) * 1000),
    cost: each(engine),
    workerCost: each(worker),
    clientCost: each(client),
    cores: Math.round(((engine + worker + client) / (end - begin)) * 100_000) / 100,
  };
}

/** Milliseconds from one step to the next in functions of many, one after another. */
export async function stepsOf(subject: Subject, steps: number, chains: number): Promise<number[]> {
  const found: number[] = [];
  for (let chain = 0; chain < chains; chain++) {
    const { marks } = await subject.runOf("chain", { steps });
    const [first, last] = [marks[0]?.at as number, marks.at(-1)?.at as number];
    found.push(Math.round(((last - first) / (steps - 1)) * 100) / 100);
  }
  return found;
}

/** What came of {@link killAll}. */
export interface Recovery {
  finished: number;
  /** From the kill to the last run's last step, less the work that the interrupted steps do again. */
  seconds: number;
  /** Interrupted steps that ran again. */
  repeated: number;
}

/** Half of the runs sleep so long, the other half are that long in a step. */
export const workSeconds = 6;

/** Kills these programs at once with runs in flight, starts all again half a second later, and waits for the runs. */
export async function killAll(
  subject: Subject,
  count: number,
  programs: string[],
  patience: number,
): Promise<Recovery> {
  const data = { milliseconds: workSeconds * 1000 };
  const runs = [
    ...(await subject.send("asleep", count / 2, data)),
    ...(await subject.send("mid-step", count / 2, data)),
  ];
  const begins = () => subject.marks().filter(({ run, step }) => step === "begin" && runs.includes(run));
  while (new Set(begins().map(({ run }) => run)).size < count) await sleep(10);
  await sleep(500);
  const killed = performance.timeOrigin + performance.now();
  await subject.programs.kill(...programs);
  await sleep(500);
  await subject.startAll();
  const ended = await subject.ended(runs, patience).catch((error: unknown) => error);
  if (typeof ended !== "number" && !(ended instanceof Unfinished)) throw ended;
  const end = typeof ended === "number" ? ended : killed + patience;
  return {
    finished: typeof ended === "number" ? count : ended.finished,
    seconds: tenths((end - killed) / 1000 - workSeconds),
    repeated: begins().length - count,
  };
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
