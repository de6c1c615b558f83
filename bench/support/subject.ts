import { randomBytes } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Programs } from "./processes.ts";

/** A line that a worker leaves when a step runs. */
export interface Mark {
  run: string;
  step: string;
  /** Milliseconds since the epoch, with decimals. */
  at: number;
}

/** Functions that every worker of the measurements has. */
export type Work = "one" | "chain" | "asleep" | "mid-step";

/** An engine with a worker, in a folder of its own, whose worker leaves {@link Mark}s there in the file `marks`. */
export abstract class Subject {
  readonly folder: string;
  readonly programs: Programs;
  readonly #marks: Mark[] = [];
  #read = 0;
  #rest = "";

  /** `parent`: where its folder is made. */
  constructor(parent: string = tmpdir()) {
    this.folder = mkdtempSync(join(parent, "bench-"));
    this.programs = new Programs(this.folder);
  }

  /** Starts everything, the first time or after {@link Programs.kill}, and comes back when runs can be sent. */
  abstract startAll(): Promise<void>;

  /** Sends one event, or request, for each of `inputs`. */
  protected abstract post(work: Work, inputs: Record<string, unknown>[]): Promise<void>;

  /** A subject that is started and has gone through one run. */
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
  async send(work: Work, count: number, data: Record<string, unknown> = {}): Promise<string[]> {
    const runs = Array.from({ length: count }, () => randomBytes(6).toString("hex"));
    await this.post(
      work,
      runs.map((run) => ({ ...data, run })),
    );
    return runs;
  }

  /** One run, from when it is sent to the start of its last step. */
  async runOf(work: Work, data: Record<string, unknown> = {}): Promise<{ sent: number; marks: Mark[] }> {
    const sent = performance.timeOrigin + performance.now();
    const [run] = (await this.send(work, 1, data)) as [string];
    await this.ended([run], 60_000);
    return { sent, marks: this.#marks.filter((mark) => mark.run === run) };
  }

  /** Waits until these runs have reached their last step. Returns when the last one did, or throws {@link Unfinished}. */
  async ended(runs: string[], milliseconds: number): Promise<number> {
    const wanted = new Set(runs);
    const deadline = Date.now() + milliseconds;
    for (;;) {
      const ends = this.marks().filter(({ run, step }) => step === "end" && wanted.has(run));
      const done = new Set(ends.map(({ run }) => run));
      if (done.size === wanted.size) return Math.max(...ends.map(({ at }) => at));
      if (Date.now() > deadline) throw new Unfinished(done.size, wanted.size);
      // Often enough: the marks say when it was.
      await sleep(20);
    }
  }

  /** Every mark so far. */
  marks(): Mark[] {
    const file = join(this.folder, "marks");
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (size === this.#read) return this.#marks;
    const buffer = Buffer.alloc(size - this.#read);
    const descriptor = openSync(file, "r");
    readSync(descriptor, buffer, 0, buffer.length, this.#read);
    closeSync(descriptor);
    this.#read = size;
    const lines = (this.#rest + buffer.toString()).split("\n");
    this.#rest = lines.pop() as string;
    for (const line of lines) {
      const [run, step, at] = line.split(" ") as [string, string, string];
      this.#marks.push({ run, step, at: Number(at) });
    }
    return this.#marks;
  }

  /** Processes of the engine and its stores, without the worker. */
  enginePids(): number[] {
    return this.#pids((name) => !name.startsWith("worker"));
  }

  workerPids(): number[] {
    return this.#pids((name) => name.startsWith("worker"));
  }

  #pids(of: (name: string) => boolean): number[] {
    return this.programs.names.filter(of).flatMap((name) => this.programs.pids(name));
  }

  async stop(): Promise<void> {
    await this.programs.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Measures a subject and stops it, whatever comes of it. */
export async function ending<S extends Subject, T>(subject: S, measure: (subject: S) => Promise<T>): Promise<T> {
  try {
    return await measure(subject);
  } finally {
    await subject.stop();
  }
}

/** Not every run came to its end in time. */
export class Unfinished extends Error {
  readonly finished: number;

  constructor(finished: number, of: number) {
    super(`${finished} of ${of} runs finished in time`);
    this.finished = finished;
  }
}

/** Tries every 20 ms, for half a minute, until `attempt` gives something true and does not throw. */
export async function until(attempt: () => Promise<unknown>): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (let last: unknown = "not so"; ; await sleep(20)) {
    try {
      if (await attempt()) return;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error("nothing came of half a minute's waiting", { cause: last });
  }
}
