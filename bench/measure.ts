import { cpus, loadavg, totalmem } from "node:os";

/** One figure of a benchmark: `ours` against `baseline`, both medians of the same run's rounds. */
export interface Result {
  case: string;
  unit: string;
  ours: number;
  baseline: number;
  ratio: number;
  rounds: number;
}

export interface Report {
  name: string;
  /** What the figures prove, and what they do not. */
  scope: string;
  results: Result[];
  machine: {
    cpu: string;
    cores: number;
    memoryGiB: number;
    node: string;
    platform: string;
    load: number;
    date: string;
  };
}

/**
 * Measures both sides in turn, the first one changing every round, so that a slow minute of the machine hits both.
 * Each side returns its own duration in milliseconds.
 */
export async function compare(
  name: string,
  rounds: number,
  ours: () => Promise<number>,
  baseline: () => Promise<number>,
): Promise<Result> {
  const times: { ours: number[]; baseline: number[] } = { ours: [], baseline: [] };
  for (let round = 0; round < rounds; round++) {
    const sides = [async () => times.ours.push(await ours()), async () => times.baseline.push(await baseline())];
    for (const side of round % 2 === 0 ? sides : sides.reverse()) await side();
    process.stderr.write(
      `${name} ${round + 1}/${rounds}: ${times.ours.at(-1)} ms, baseline ${times.baseline.at(-1)} ms\n`,
    );
  }
  return figure(name, "ms", times.ours, times.baseline, rounds);
}

/** Milliseconds that `action` takes. */
export async function timed(action: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await action();
  return Math.round(performance.now() - begin);
}

export function report(name: string, scope: string, results: Result[]): Report {
  return {
    name,
    scope,
    results,
    machine: {
      cpu: cpus()[0]?.model ?? "unknown",
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
      load: Math.round((loadavg()[0] as number) * 10) / 10,
      date: new Date().toISOString(),
    },
  };
}

/** A figure whose samples were taken elsewhere, rounded to tenths. */
export function figure(name: string, unit: string, ours: number[], baseline: number[], rounds: number): Result {
  const [a, b] = [median(ours), median(baseline)].map((value) => Math.round(value * 10) / 10) as [number, number];
  return { case: name, unit, ours: a, baseline: b, ratio: Math.round((a / b) * 100) / 100, rounds };
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}
