import { setTimeout as sleep } from "node:timers/promises";
import { roundTo } from "./measure.ts";
import { cpuTimeOf } from "./processes.ts";
import type { Subject } from "./subject.ts";

/** Milliseconds between the server's polls of its own event bus while that is empty. */
const busInterval = 250;

/** Sends single events after {@link sendDelays}; returns the milliseconds from each event to its first step. */
export async function startLatencies(subject: Subject, events: number): Promise<number[]> {
  const latencies: number[] = [];
  for (const delay of sendDelays(events)) {
    await sleep(delay);
    const { sent, marks } = await subject.runOf("one");
    latencies.push(roundTo((marks[0]?.at as number) - sent, 1));
  }
  return latencies;
}

/**
 * Milliseconds to wait before each event: one in each equal part of the bus's poll interval, in random order. The
 * interval starts at the previous event. Delays that are entirely random cluster, and shift the median noticeably.
 */
export function sendDelays(events: number): number[] {
  const delays = Array.from({ length: events }, (_, part) => busInterval * (1 + (part + Math.random()) / events));
  const keyed = delays.map((delay) => ({ delay, key: Math.random() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ delay }) => delay);
}

/** Milliseconds by which functions wake up late from a sleep of a second. No event is involved, only the queue. */
export async function wakeDelays(subject: Subject, sleepers: number): Promise<number[]> {
  const milliseconds = 1000;
  const runs: string[] = [];
  for (let sleeper = 0; sleeper < sleepers; sleeper++) {
    runs.push(...(await subject.send("asleep", 1, { milliseconds })));
    await sleep(100 + Math.random() * 200);
  }
  await subject.completed(runs, 30_000);
  const timesOf = (step: string) =>
    new Map(subject.marks().flatMap((mark) => (mark.step === step ? [[mark.run, mark.at]] : [])));
  const [starts, ends] = [timesOf("begin"), timesOf("end")];
  return runs.map((run) => Math.round((ends.get(run) as number) - (starts.get(run) as number) - milliseconds));
}

export interface Burst {
  /** Runs per second, from the first request to the last step. */
  rate: number;
  /** Milliseconds of CPU time per run of server, queue and database. */
  cost: number;
  /** Milliseconds of CPU time per run of the workers. */
  workerCost: number;
  /** Milliseconds of CPU time per run of this process, which sends and measures. */
  clientCost: number;
  /** Cores that all of these kept busy. */
  cores: number;
}

/** Sends one-step runs all at once. Runs that are not done after three minutes do not count. */
export async function measureBurst(subject: Subject, count: number): Promise<Burst> {
  const timeout = 180_000;
  // Pids are read each time: a database starts a process per connection, some of them during the burst.
  const cpuTimes = () => ({
    engine: cpuTimeOf(subject.enginePids()),
    worker: cpuTimeOf(subject.workerPids()),
    client: (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
  });
  const before = cpuTimes();
  const start = performance.timeOrigin + performance.now();
  const runs = await subject.send("one", count);
  const { finished, end = start + timeout } = await subject.outcomeOf(runs, timeout);
  const after = cpuTimes();
  const engine = after.engine - before.engine;
  const worker = after.worker - before.worker;
  const client = after.client - before.client;
  const perRun = (seconds: number) => roundTo((seconds / finished) * 1000, 1);
  return {
    rate: roundTo((finished / (end - start)) * 1000, 1),
    cost: perRun(engine),
    workerCost: perRun(worker),
    clientCost: perRun(client),
    cores: roundTo(((engine + worker + client) / (end - start)) * 1000, 2),
  };
}

/** Milliseconds from one step to the next in functions of `steps` steps, run one after another. */
export async function stepTimes(subject: Subject, steps: number, chains: number): Promise<number[]> {
  const times: number[] = [];
  for (let chain = 0; chain < chains; chain++) {
    const { marks } = await subject.runOf("chain", { steps });
    const [first, last] = [marks[0]?.at as number, marks.at(-1)?.at as number];
    times.push(roundTo((last - first) / (steps - 1), 2));
  }
  return times;
}

/** Result of {@link killAndRecover}. */
export interface Recovery {
  finished: number;
  /** From the kill to the last step of the last run, without the time that interrupted steps take to run again. */
  seconds: number;
  /** Interrupted steps that ran again. */
  repeated: number;
}

/** Seconds that a run in flight sleeps, or spends in a step. */
export const workSeconds = 6;

/**
 * Kills these programs with `count` runs in flight, restarts all half a second later and waits up to `timeout`
 * milliseconds for the runs. Half of the runs are asleep at the kill, half in the middle of a step.
 */
export async function killAndRecover(
  subject: Subject,
  count: number,
  programs: string[],
  timeout: number,
): Promise<Recovery> {
  const data = { milliseconds: workSeconds * 1000 };
  const runs = [
    ...(await subject.send("asleep", count / 2, data)),
    ...(await subject.send("mid-step", count / 2, data)),
  ];
  const starts = () => subject.marks().filter(({ run, step }) => step === "begin" && runs.includes(run));
  while (new Set(starts().map(({ run }) => run)).size < count) await sleep(10);
  await sleep(500);
  const killed = performance.timeOrigin + performance.now();
  await subject.programs.kill(...programs);
  await sleep(500);
  await subject.startAll();
  const { finished, end = killed + timeout } = await subject.outcomeOf(runs, timeout);
  return {
    finished,
    seconds: roundTo((end - killed) / 1000 - workSeconds, 1),
    repeated: starts().length - count,
  };
}
