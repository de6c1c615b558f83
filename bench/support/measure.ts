import { cpus, loadavg, totalmem } from "node:os";

/** What a ratio must reach. */
export interface Target {
  bound: "at most" | "at least";
  ratio: number;
}

/** One figure of a benchmark: `ours` against `baseline`, both of the same run's rounds. */
export interface Result {
  case: string;
  unit: string;
  ours: number;
  baseline: number;
  /** `null` where the baseline is nothing. */
  ratio: number | null;
  rounds: number;
  target?: Target;
  /** Smallest and largest sample of either side. */
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
    /** Over the last minute before the run, and at its end, when it is the run's own. */
    load: { before: number; after: number };
    date: string;
  };
}

/** Rounds of a comparison, unless asked otherwise. */
export const defaultRounds = 5;

const loadBefore = load();

/**
 * Measures all sides in turn, in the opposite order every other round, so that a slow minute of the machine hits each.
 * Returns what each gave, round by round.
 */
export async function interleave<const Side extends string, T>(
  title: string,
  rounds: number,
  sides: Record<Side, () => Promise<T>>,
): Promise<Record<Side, T[]>> {
  const entries = Object.entries(sides) as [Side, () => Promise<T>][];
  const found = Object.fromEntries(entries.map(([side]) => [side, [] as T[]])) as Record<Side, T[]>;
  for (let round = 0; round < rounds; round++) {
    for (const [side, measure] of round % 2 === 0 ? entries : entries.toReversed()) {
      const value = await measure();
      found[side].push(value);
      process.stderr.write(`${title} ${round + 1}/${rounds}, ${side}: ${JSON.stringify(value)}\n`);
    }
  }
  return found;
}

/** Measures two durations in milliseconds in turn; see {@link interleave}. */
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
      load: { before: loadBefore, after: load() },
      date: new Date().toISOString(),
    },
  };
}

/** A figure of samples: the median of each side, or another quantile, rounded to tenths. */
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
    ours: tenths(a),
    baseline: tenths(b),
    ratio: b === 0 ? null : Math.round((a / b) * 100) / 100,
    rounds,
    ...(target && { target }),
    spread: { ours: range(ours), baseline: range(baseline) },
  };
}

/** Whether a figure reaches what it must; `undefined` where nothing is asked of it. */
export function reaches({ ratio, target }: Result): boolean | undefined {
  if (!target || ratio === null) return undefined;
  return target.bound === "at most" ? ratio <= target.ratio : ratio >= target.ratio;
}

/** The sample below which the share `at` of them lies: 0.5 for the median. */
export function quantile(samples: number[], at: number): number {
  if (samples.length === 0) throw new Error("a figure needs a sample");
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] as number;
}

function range(samples: number[]): [number, number] {
  return [tenths(Math.min(...samples)), tenths(Math.max(...samples))];
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}

function load(): number {
  return tenths(loadavg()[0] as number);
}
