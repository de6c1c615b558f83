import { randomBytes } from "node:crypto";
import { endStatuses, type InngestApi, type Run } from "../../../lib/inngest/api.ts";
import { untilWorks } from "../../../lib/wait.ts";
import type { Comparison } from "../comparison.ts";
import type { LiveStack } from "../live-stack.ts";

/** The worker's function that is run to be watched; see worker/functions. */
export const probeFunction = "verify-probe";
const chainedFunction = "verify-probe-chained";
const probeEvent = "verify/probe";

/** Whether a function is one of those that a {@link Probe} starts. */
export function isProbe(functionId: string): boolean {
  return functionId === probeFunction || functionId === chainedFunction;
}

/** Why an app can run no probe, for people; `undefined` where it can. */
export function lacksProbe({ isExternal }: LiveStack, { declared }: Comparison): string | undefined {
  if (declared.some(({ id }) => id === probeFunction)) return undefined;
  return isExternal
    ? `your app has no function ${probeFunction}, and none of yours is started. examples/ shows how an app mounts ours`
    : `the worker has no function ${probeFunction}, and none of yours is started. Copy worker/functions/${probeFunction}*.ts and worker/probe/`;
}

/** What came of a probe's run. */
export interface ProbeEnd {
  /** Status of each run that the probe's event has started. */
  statuses: string[];
  /** Chained runs that have completed. */
  chained: number;
  /** How often each step was executed, as the worker counted. */
  marks: Record<string, number>;
}

/** Seconds for which the queue must lack an unfinished run before it counts as orphaned: the server caches for five. */
const orphanedSeconds = 15;

/** What identifies a probe that was sent. */
export interface SentProbe {
  app: string;
  /** Names it in the worker's marks. */
  name: string;
  eventId: string;
}

interface ProbeData {
  holdSeconds?: number;
  napSeconds?: number;
}

/** A run of {@link probeFunction}, and the run that it chains. */
export class Probe {
  readonly sent: SentProbe;
  readonly #stack: LiveStack;

  constructor(stack: LiveStack, sent: SentProbe) {
    this.#stack = stack;
    this.sent = sent;
  }

  /** Starts a probe; `app` is the worker's id on the server. */
  static async send(stack: LiveStack, app: string, data: ProbeData): Promise<Probe> {
    const name = randomBytes(6).toString("hex");
    const event = { name: probeEvent, data: { probe: name, ...data } };
    const eventId = await stack.reach(({ api }) => api.send(stack.outputs.eventKey, event));
    return new Probe(stack, { app, name, eventId });
  }

  /** Waits until the server has stored the first step; resolves to whether it did so within `seconds`. */
  async began(seconds: number): Promise<boolean> {
    const done = await this.#stack.reach(({ api }) =>
      untilWorks({ seconds }, async () => {
        const [run] = await api.runsOf(this.sent.eventId);
        const steps = run ? await api.steps(run.id) : [];
        return steps.some(({ name, status }) => name === "first" && status === "COMPLETED") || undefined;
      }),
    );
    return done ?? false;
  }

  /**
   * Waits until the probe and its chained run have ended. Resolves to why they do not: they take longer than `seconds`, or
   * the queue has lost the run, which then never ends.
   */
  async end(seconds: number): Promise<ProbeEnd | string> {
    let missingSince: number | undefined;
    const look = async ({ api }: { api: InngestApi }): Promise<ProbeEnd | string | undefined> => {
      const runs = await api.runsOf(this.sent.eventId);
      const flying = runs.filter(({ status }) => !endStatuses.has(status));
      if (runs.length > 0 && flying.length === 0) return await this.#endOf(runs, api);
      const [queued] = await Promise.all(flying.map(({ id }) => api.isQueued(id).catch(() => true)));
      missingSince = queued === false ? (missingSince ?? Date.now()) : undefined;
      const isOrphaned = missingSince !== undefined && Date.now() - missingSince > orphanedSeconds * 1000;
      return isOrphaned ? "the queue has lost it" : undefined;
    };
    // A forward ends with the pod that it leads to, so each look opens its own.
    const end = await untilWorks({ seconds, every: 500 }, () => this.#stack.reach(look));
    return end ?? `not ended after ${Math.round(seconds)} s`;
  }

  async #endOf(runs: Run[], api: InngestApi): Promise<ProbeEnd | undefined> {
    const statuses = runs.map(({ status }) => status);
    if (statuses.some((status) => status !== "COMPLETED")) return { statuses, chained: 0, marks: {} };
    const chained = (await api.runs(100, { of: { app: this.sent.app, function: chainedFunction }, withOutput: true }))
      .filter(({ status }) => status === "COMPLETED")
      .map(({ output }) => output as { probe?: string; marks: Record<string, number> })
      .filter((output) => output?.probe === this.sent.name);
    const [first] = chained;
    return first && { statuses, chained: chained.length, marks: first.marks };
  }
}

/** What shows that not every step ran exactly once; step `hold` may run again, because it is the one that is interrupted. */
export function repeated({ statuses, chained, marks }: ProbeEnd): string[] {
  const once = ["first", "last", "chained"];
  return [
    ...statuses.filter((status) => status !== "COMPLETED").map((status) => `the run ended as ${status}`),
    ...(statuses.length === 1 ? [] : [`its event has started ${statuses.length} runs`]),
    ...(chained === 1 ? [] : [`${chained} runs were chained`]),
    ...once.filter((step) => marks[step] !== 1).map((step) => `step ${step} was executed ${marks[step] ?? 0} times`),
  ];
}
