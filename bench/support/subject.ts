import { randomBytes } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { untilResolved } from "../../lib/wait.ts";
import { Programs } from "./processes.ts";

/** A line that the worker writes when a step runs. */
export interface Mark {
  run: string;
  step: string;
  /** Milliseconds since 1970, with decimals. */
  at: number;
}

/** The functions that the worker of every subject has. */
export type BenchFunction = "one" | "chain" | "asleep" | "mid-step";

/** How far a set of runs got. */
export interface Outcome {
  finished: number;
  /** When the last run reached its last step, in milliseconds since 1970; `undefined` if some did not. */
  end: number | undefined;
}

/** A durable engine with a worker that writes {@link Mark}s to the file `marks`, in a temporary folder. */
export abstract class Subject {
  readonly folder: string;
  readonly programs: Programs;
  readonly #marks: Mark[] = [];
  #bytesRead = 0;
  #incompleteLine = "";

  /** `parent`: where the folder is created. */
  constructor(parent: string = tmpdir()) {
    this.folder = mkdtempSync(join(parent, "bench-"));
    this.programs = new Programs(this.folder);
  }

  /** Starts all programs, at first or after {@link Programs.kill}, and returns when runs can be sent. */
  abstract startAll(): Promise<void>;

  /** Sends one event or request for each of `inputs`. */
  protected abstract post(name: BenchFunction, inputs: Record<string, unknown>[]): Promise<void>;

  /** Starts a subject and completes one run on it. Stops the subject if that fails. */
  static async started<T extends Subject>(subject: T): Promise<T> {
    try {
      await subject.startAll();
      await subject.runOf("one");
      return subject;
    } catch (error) {
      await subject.stop();
      throw error;
    }
  }

  /** Sends `count` runs and returns their names. */
  async send(name: BenchFunction, count: number, data: Record<string, unknown> = {}): Promise<string[]> {
    const runs = Array.from({ length: count }, () => randomBytes(6).toString("hex"));
    await this.post(
      name,
      runs.map((run) => ({ ...data, run })),
    );
    return runs;
  }

  /** Completes one run; returns when it was sent, in milliseconds since 1970, and its marks. */
  async runOf(name: BenchFunction, data: Record<string, unknown> = {}): Promise<{ sent: number; marks: Mark[] }> {
    const sent = performance.timeOrigin + performance.now();
    const [run] = (await this.send(name, 1, data)) as [string];
    await this.completed([run], 60_000);
    return { sent, marks: this.#marks.filter((mark) => mark.run === run) };
  }

  /**
   * Waits until these runs have reached their last step.
   * @throws {Error} when they have not after `timeout` milliseconds
   */
  async completed(runs: string[], timeout: number): Promise<void> {
    const { finished, end } = await this.outcomeOf(runs, timeout);
    if (end === undefined) throw new Error(`${finished} of ${runs.length} runs finished within ${timeout} ms`);
  }

  /** Waits until these runs have reached their last step, for at most `timeout` milliseconds. */
  async outcomeOf(runs: string[], timeout: number): Promise<Outcome> {
    const wanted = new Set(runs);
    const deadline = Date.now() + timeout;
    for (;;) {
      const ends = this.marks().filter(({ run, step }) => step === "end" && wanted.has(run));
      const finished = new Set(ends.map(({ run }) => run)).size;
      if (finished === wanted.size) return { finished, end: Math.max(...ends.map(({ at }) => at)) };
      if (Date.now() > deadline) return { finished, end: undefined };
      // Polling does not blur the result: the marks carry the time.
      await sleep(20);
    }
  }

  /** Every mark so far. */
  marks(): Mark[] {
    const file = join(this.folder, "marks");
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (size === this.#bytesRead) return this.#marks;
    const buffer = Buffer.alloc(size - this.#bytesRead);
    const descriptor = openSync(file, "r");
    readSync(descriptor, buffer, 0, buffer.length, this.#bytesRead);
    closeSync(descriptor);
    this.#bytesRead = size;
    const lines = (this.#incompleteLine + buffer.toString()).split("\n");
    this.#incompleteLine = lines.pop() as string;
    for (const line of lines) {
      const [run, step, at] = line.split(" ") as [string, string, string];
      this.#marks.push({ run, step, at: Number(at) });
    }
    return this.#marks;
  }

  /** Processes of the engine and its stores, without the workers. */
  enginePids(): number[] {
    return this.#pids((name) => !name.startsWith("worker"));
  }

  workerPids(): number[] {
    return this.#pids((name) => name.startsWith("worker"));
  }

  #pids(matches: (name: string) => boolean): number[] {
    return this.programs.names.filter(matches).flatMap((name) => this.programs.pids(name));
  }

  async stop(): Promise<void> {
    await this.programs.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Measures a subject, then stops it, even if measuring fails. */
export async function measureAndStop<S extends Subject, T>(
  subject: S,
  measure: (subject: S) => Promise<T>,
): Promise<T> {
  try {
    return await measure(subject);
  } finally {
    await subject.stop();
  }
}

/**
 * Polls every 20 ms until `attempt` returns something truthy.
 * @throws its last error when that takes more than 30 s
 */
export async function untilReady<T>(attempt: () => Promise<T | false | undefined>): Promise<T> {
  return await untilResolved({ seconds: 30, every: 20 }, async () => {
    const result = await attempt();
    if (!result) throw new Error("not ready within 30 s");
    return result;
  });
}
