import { randomBytes } from "node:crypto";
import { endStatuses, type InngestApi, type Run } from "../../lib/inngest/api.ts";
import { until } from "../lib/checks/patience.ts";
import type { LiveStack } from "../lib/live-stack.ts";

/** The worker's function that is looked at, and killed; see worker/functions. */
export const probeFunction = "verify-probe";
const chainedFunction = "verify-probe-chained";
const probeEvent = "verify/probe";

/** Whether a function is one of those that verify itself starts. */
export function isProbe(functionId: string): boolean {
  return functionId === probeFunction || functionId === chainedFunction;
}

/** What came of a probe's run. */
export interface ProbeEnd {
  /** Status of each run that the probe's event has started. */
  statuses: string[];
  /** Chained runs that have ended well. */
  chained: number;
  /** How often each step was executed, in the worker's own words. */
  marks: Record<string, number>;
}

/** Seconds for which the queue must have nothing of a run that is not at its end: the server keeps its answer for five. */
const forgottenSeconds = 15;

/** By what a probe is found again. */
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

/** A run of {@link probeFunction}, and the one that it chains. */
export class Probe {
  readonly sent: SentProbe;
  readonly #stack: LiveStack;

  constructor(stack: LiveStack, sent: SentProbe) {
    this.#stack = stack;
    this.sent = sent;
  }

  /** Starts one; `app` is the worker's id on the server. */
  static async send(stack: LiveStack, app: string, data: ProbeData): Promise<Probe> {
    const name = randomBytes(6).toString("hex");
    const event = { name: probeEvent, data: { probe: name, ...data } };
    const eventId = await stack.reach(({ api }) => api.send(stack.outputs.eventKey, event));
    return new Probe(stack, { app, name, eventId });
  }

  /** Waits until the server has kept the first step; says whether it has within `seconds`. */
  async began(seconds: number): Promise<boolean> {
    const done = await this.#stack.reach(({ api }) =>
      until(seconds, async () => {
        const [run] = await api.runsOf(this.sent.eventId);
        const steps = run ? await api.steps(run.id) : [];
        return steps.some(({ name, status }) => name === "first" && status === "COMPLETED") || undefined;
      }),
    );
    return done ?? false;
  }

  /**
   * Waits until probe and chained run are at their end. Resolves to why they do not get there: they are not within
   * `seconds`, or the queue has lost the run, which then never ends.
   */
  async end(seconds: number): Promise<ProbeEnd | string> {
    let forgottenAt: number | undefined;
    const look = async ({ api }: { api: InngestApi }): Promise<ProbeEnd | string | undefined> => {
      const runs = await api.runsOf(this.sent.eventId);
      const flying = runs.filter(({ status }) => !endStatuses.has(status));
      if (runs.length > 0 && flying.length === 0) return await this.#endOf(runs, api);
      const [queued] = await Promise.all(flying.map(({ id }) => api.isQueued(id).catch(() => true)));
      forgottenAt = queued === false ? (forgottenAt ?? Date.now()) : undefined;
      const isForgotten = forgottenAt !== undefined && Date.now() - forgottenAt > forgottenSeconds * 1000;
      return isForgotten ? "the queue has nothing of it any more" : undefined;
    };
    // A forward ends with the pod that it leads to, so each look opens its own.
    const end = await until(seconds, () => this.#stack.reach(look), 500);
    return end ?? `not at its end after ${Math.round(seconds)} s`;
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

/** What speaks against each step having run once; `hold` may have been executed again, as whatever was cut short. */
export function repeated({ statuses, chained, marks }: ProbeEnd, cutShort: string[] = []): string[] {
  const once = ["first", "last", "chained"].filter((step) => !cutShort.includes(step));
  return [
    ...statuses.filter((status) => status !== "COMPLETED").map((status) => `the run ended as ${status}`),
    ...(statuses.length === 1 ? [] : [`its event has started ${statuses.length} runs`]),
    ...(chained === 1 ? [] : [`${chained} runs were chained`]),
    ...once.filter((step) => marks[step] !== 1).map((step) => `step ${step} was executed ${marks[step] ?? 0} times`),
  ];
}
