import type { TestStack } from "./test-stack.ts";

type Send = (name: string, data: object, ts?: number) => Promise<string>;

/** Runs of the durable worker that are in flight, in each of the ways in which a run waits for something. */
export class InFlight {
  /** Names, as the worker's marks have them. */
  readonly runs: string[] = [];
  /** Ids of the events that they were started by. */
  readonly events: string[] = [];
  /** Those that wait for an event. */
  readonly #waiting: string[] = [];
  readonly #send: Send;

  private constructor(send: Send) {
    this.#send = send;
  }

  /**
   * Starts `each` runs of every kind: asleep, queued until a moment, before another attempt, each for `seconds`; and
   * waiting for the event of {@link wake}.
   */
  static async start(stack: TestStack, each: number, seconds: number): Promise<InFlight> {
    const api = await stack.api();
    const { eventKey } = await stack.outputs();
    const started = new InFlight((name, data, ts) =>
      api.send(eventKey, { name: `durable/${name}`, data: { ...data }, ...(ts !== undefined && { ts }) }),
    );
    for (let number = 0; number < each; number++) await started.#one(number, seconds);
    return started;
  }

  async #one(number: number, seconds: number): Promise<void> {
    const started: [kind: string, event: string, data: object, ts?: number][] = [
      ["asleep", "asleep", { seconds }],
      ["queued", "asleep", { seconds: 0 }, Date.now() + seconds * 1000],
      ["retrying", "retrying", { seconds }],
      ["waiting", "waiting", {}],
    ];
    for (const [kind, event, data, ts] of started) {
      const run = `${kind}-${number}`;
      this.runs.push(run);
      if (kind === "waiting") this.#waiting.push(run);
      this.events.push(await this.#send(event, { run, ...data }, ts));
    }
  }

  /** Sends what those wait for that wait for an event. */
  async wake(): Promise<void> {
    for (const run of this.#waiting) await this.#send("go", { run });
  }

  /** Those that have not ended, or not with each step once, by what `marks` has of them. */
  unfinished(marks: Record<string, number>): string[] {
    return this.runs.filter((run) => marks[`${run} a`] !== 1 || marks[`${run} b`] !== 1);
  }
}
