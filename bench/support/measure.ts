import { cpus, loadavg, totalmem } from "node:os";

/** The bound that a ratio has to meet. */
export interface Target {
  bound: "at most" | "at least";
  ratio: number;
}

/** One row of a benchmark: `ours` against `baseline`, both measured in the same rounds. */
export interface Result {
  case: string;
  unit: string;
  ours: number;
  baseline: number;
  /** `ours` divided by `baseline`; `null` if the baseline is zero. */
  ratio: number | null;
  /** Samples of each side. */
  rounds: number;
  target?: Target;
  /** Smallest and largest sample of each side. */
  spread?: { ours: [number, number]; baseline: [number, number] };
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
    /** Average over the last minute, before the benchmark and at its end. */
    load: { before: number; after: number };
    /** ISO 8601. */
    date: string;
  };
}

/** Rounds of a comparison if `--rounds` is not given. */
export const defaultRounds = 5;

const loadBefore = load();

/**
 * Measures each side once per round, in reverse order every other round so that a slow minute of the machine affects
 * all of them. Returns the samples of each side in order.
 */
export async function interleave<const Side extends string, T>(
  title: string,
  rounds: number,
  sides: Record<Side, () => Promise<T>>,
): Promise<Record<Side, T[]>> {
  const entries = Object.entries(sides) as [Side, () => Promise<T>][];
  const samples = Object.fromEntries(entries.map(([side]) => [side, [] as T[]])) as Record<Side, T[]>;
  for (let round = 0; round < rounds; round++) {
    for (const [side, measure] of round % 2 === 0 ? entries : entries.toReversed()) {
      const sample = await measure();
      samples[side].push(sample);
      process.stderr.write(`${title} ${round + 1}/${rounds}, ${side}: ${JSON.stringify(sample)}\n`);
    }
  }
  return samples;
}

/** Compares two durations in milliseconds; see {@link interleave}. */
export async function compare(
  name: string,
  rounds: number,
  ours: () => Promise<number>,
  baseline: () => Promise<number>,
  target?: Target,
): Promise<Result> {
  const times = await interleave(name, rounds, { ours, baseline });
  return figure(name, "ms", times.ours, times.baseline, rounds, { target });
}

/** Milliseconds that `action` takes. */
export async function timed(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return Math.round(performance.now() - start);
}

/** One property of each sample. */
export function valuesOf<Sample, Key extends keyof Sample>(samples: Sample[], key: Key): Sample[Key][] {
  return samples.map((sample) => sample[key]);
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
      load: { before: loadBefore, after: load() },
      date: new Date().toISOString(),
    },
  };
}

/**
 * A row from the samples of both sides: the quantile `at` of each, rounded to tenths.
 * `at`: @default 0.5, the median
 */
export function figure(
  name: string,
  unit: string,
  ours: number[],
  baseline: number[],
  rounds: number,
  { at = 0.5, target }: { at?: number; target?: Target | undefined } = {},
): Result {
  const [a, b] = [quantile(ours, at), quantile(baseline, at)];
  return {
    case: name,
    unit,
    ours: roundTo(a, 1),
    baseline: roundTo(b, 1),
    ratio: b === 0 ? null : roundTo(a / b, 2),
    rounds,
    ...(target && { target }),
    spread: { ours: range(ours), baseline: range(baseline) },
  };
}

/** Whether a result meets its target; `undefined` if it has none. */
export function meetsTarget({ ratio, target }: Result): boolean | undefined {
  if (!target || ratio === null) return undefined;
  return target.bound === "at most" ? ratio <= target.ratio : ratio >= target.ratio;
}

/**
 * The sample below which the share `at` of all samples lies: 0.5 for the median.
 * @throws {Error} when there are no samples
 */
export function quantile(samples: number[], at: number): number {
  if (samples.length === 0) throw new Error("cannot take a quantile of no samples");
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] as number;
}

/** Rounds to so many decimals. */
export function roundTo(value: number, decimals: number): number {
  return Math.round(value * 10 ** decimals) / 10 ** decimals;
}

function range(samples: number[]): [number, number] {
  return [roundTo(Math.min(...samples), 1), roundTo(Math.max(...samples), 1)];
}

function load(): number {
  return roundTo(loadavg()[0] as number, 1);
}
