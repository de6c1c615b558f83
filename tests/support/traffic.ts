import { createHmac } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { marks } from "../../tools/durable-worker.ts";
import type { TestStack } from "../../tools/test-stack.ts";

/** Events a second. */
const rate = 20;

/** Milliseconds between events that the server may be storing at one time, and after a stop until it surely stores them. */
const besideOneAnother = 1000;

/** Events as an app sends them, each until it is accepted, and calls that the worker must not take. */
export class Traffic {
  /** Runs whose event was accepted, with the event's id. */
  readonly accepted = new Map<string, string>();
  readonly #acceptedAt = new Map<string, number>();
  readonly #goneAt: number[] = [];
  /** Tries that were answered otherwise or not at all, by what came of them. */
  readonly tries: Record<string, number> = {};
  /** How often each status was the worker's answer to a call that it must not take. */
  readonly forged: Record<string, number> = {};
  readonly #stack: TestStack;
  readonly #port: number;
  readonly #event: string;
  readonly #loops: Promise<void>[] = [];
  readonly #sending: Promise<void>[] = [];
  #eventKey = "";
  #reading: Promise<void> | undefined;
  #stopped = false;

  /** Sends to the server's own port by default, and what the durable worker takes. */
  constructor(stack: TestStack, { port = stack.port, event = "durable/asleep" } = {}) {
    this.#stack = stack;
    this.#port = port;
    this.#event = event;
  }

  async start(): Promise<void> {
    await this.#readKey();
    this.#loops.push(this.#send());
  }

  /** Begins to call the worker as nobody may: that of this machine, or one at another origin. */
  forge(worker = `http://127.0.0.1:${this.#stack.workerPort}`): void {
    this.#loops.push(this.#forge(worker));
  }

  /** Ends sending, and waits until every event that was begun is accepted. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
    await Promise.all(this.#sending);
  }

  /** A gateway hides it: whoever stops the server behind one says so. */
  serverIsGone(): void {
    this.#goneAt.push(Date.now());
  }

  /**
   * Waits for the end of every run of an accepted event. Resolves to those that are lost, of which there may be some only
   * with `noGateway`, where nothing holds events back before the server.
   */
  async untilEnded({ noGateway = false } = {}): Promise<string[]> {
    const api = await this.#stack.api();
    const runsOf = async (run: string) => await api.runsOf(this.accepted.get(run) as string);
    let lost: string[] = [];
    await untilNoneIsLeft(
      async () => {
        const there = marks(this.#stack);
        const open = [...this.accepted.keys()].filter((run) => !there[`${run} b`]);
        const mayBeLost = noGateway ? this.#besideStops((run) => `${run} a` in there) : new Set();
        lost = open.filter((run) => mayBeLost.has(run));
        if (lost.length < open.length) return open.filter((run) => !mayBeLost.has(run));
        const known = await Promise.all(lost.map(async (run) => (await runsOf(run)).length > 0));
        return lost.filter((_, index) => known[index]);
      },
      (open) =>
        Promise.all(
          open.map(async (run) => ({
            run,
            began: marks(this.#stack)[`${run} a`] ?? 0,
            status: (await runsOf(run)).map(({ status }) => status),
            beforeStop: this.#untilStop(run),
          })),
        ),
    );
    return lost;
  }

  /**
   * Runs that have not begun and that a server without a gateway may have lost. 1.43.0 answers an event before it has stored
   * it, and goes on answering while it stops. It stores them in their order, some beside one another; so after these it has
   * stored none before it went away. And it answers a moment before it listens to its own bus: these are the first ones
   * after it was gone.
   */
  #besideStops(began: (run: string) => boolean): Set<string> {
    const runs = [...this.#acceptedAt].map(([run, at]) => ({ run, at, began: began(run) }));
    const isLast = ({ run, at }: { run: string; at: number }) => {
      const gone = at + this.#untilStop(run);
      return (
        gone < Number.POSITIVE_INFINITY &&
        !runs.some((other) => other.began && other.at > at + besideOneAnother && other.at < gone)
      );
    };
    const isFirst = ({ at }: { at: number }) => this.#goneAt.some((gone) => gone <= at && at - gone < besideOneAnother);
    return new Set(runs.filter((run) => !run.began && (isLast(run) || isFirst(run))).map(({ run }) => run));
  }

  /** Milliseconds from the acceptance of its event to the next time that the server was gone. */
  #untilStop(run: string): number {
    const at = this.#acceptedAt.get(run) as number;
    return Math.min(...this.#goneAt.filter((time) => time > at)) - at;
  }

  async #send(): Promise<void> {
    for (let run = 0; !this.#stopped; run++) {
      this.#sending.push(this.#untilAccepted(String(run)));
      await sleep(1000 / rate);
    }
  }

  async #untilAccepted(run: string): Promise<void> {
    // The server takes an event of one id once, however often its sender tries.
    const body = JSON.stringify({ id: `event-${run}`, name: this.#event, data: { run, seconds: 1 } });
    for (;;) {
      const url = `http://127.0.0.1:${this.#port}/e/${this.#eventKey}`;
      const answer = await fetch(url, { method: "POST", body, signal: AbortSignal.timeout(10_000) }).catch(
        () => undefined,
      );
      const told = answer?.ok ? await answer.json().catch(() => undefined) : undefined;
      if (told) {
        this.accepted.set(run, (told as { ids: [string] }).ids[0]);
        this.#acceptedAt.set(run, Date.now());
        return;
      }
      // One whose body has not come is sent again: the server takes its id once.
      if (!answer || answer.ok) this.serverIsGone();
      const came = String(answer?.status ?? "no answer");
      this.tries[came] = (this.tries[came] ?? 0) + 1;
      if (answer?.status === 401) await this.#readKey();
      await sleep(250);
    }
  }

  /** As an app whose key is refused asks for the one that is good now. */
  async #readKey(): Promise<void> {
    this.#reading ??= this.#stack
      .outputs()
      .then(({ eventKey }) => {
        this.#eventKey = eventKey;
      })
      // Read while Pulumi writes; the next 401 asks again.
      .catch(() => undefined)
      .finally(() => {
        this.#reading = undefined;
      });
    await this.#reading;
  }

  async #forge(worker: string): Promise<void> {
    const url = `${worker}/api/inngest?fnId=${this.#event.replace("/", "-")}&stepId=step`;
    const event = { name: this.#event, data: { run: "forged", seconds: 0 } };
    const body = JSON.stringify({ event, events: [event], steps: {}, ctx: { run_id: "forged", attempt: 0 } });
    while (!this.#stopped) {
      const time = Math.floor(Date.now() / 1000);
      const mark = createHmac("sha256", "00".repeat(32)).update(`${body}${time}`).digest("hex");
      const signed = { "x-inngest-signature": `t=${time}&s=${mark}` };
      for (const [kind, headers] of Object.entries({ unsigned: {}, forged: signed })) {
        const signal = AbortSignal.timeout(10_000);
        const answer = await fetch(url, { method: "POST", body, headers, signal }).catch(() => undefined);
        const came = `${kind} ${answer?.status ?? "no answer"}`;
        this.forged[came] = (this.forged[came] ?? 0) + 1;
      }
      await sleep(100);
    }
  }
}

/** For how long nothing may end of what is waited for: a call that failed twice is tried again within 90 s. */
const standstill = 180_000;

/**
 * Waits until nothing is left of what is to end. Beside other work an engine that took 20 events a second ends fewer, so
 * that no time is right for all of them; the last error is of what does not become less.
 */
export async function untilNoneIsLeft<T>(
  left: () => T[] | Promise<T[]>,
  told: (left: T[]) => Promise<unknown> = async (left) => left,
): Promise<void> {
  let fewest = Number.POSITIVE_INFINITY;
  let since = Date.now();
  for (let open = await left(); open.length > 0; open = await left()) {
    if (open.length < fewest) {
      fewest = open.length;
      since = Date.now();
    } else if (Date.now() - since > standstill) {
      throw new Error(`${open.length} have not ended: ${JSON.stringify(await told(open.slice(0, 20)))}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
