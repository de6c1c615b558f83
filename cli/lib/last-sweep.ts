import { execa } from "execa";
import { type SweepReport, warningsOf } from "../../lib/data/requests.ts";
import { kubectlSays } from "../../lib/places/kubernetes-cluster.ts";
import { dockerNames } from "../../lib/stack/docker-names.ts";
import { namespaceOf } from "../../lib/stack/kubernetes-names.ts";
import type { LiveStack } from "./live-stack.ts";
import type { Placed } from "./parts.ts";
import { logCommandOf } from "./service-log.ts";

/** What the janitor has said of its last round. */
export interface Round {
  /** When it was made, ISO 8601. */
  at?: string;
  /** Rows that it has removed. */
  removed?: number;
  /** Why it failed. */
  failed?: string;
  /** What somebody should know of the history, with the remedy. */
  alarms: string[];
}

/** Lines of its log that are read: rounds that failed, and warnings, come after the last one that did not. */
const readLines = 50;

/** Where the janitor of a stack runs; `undefined` where none removes anything. */
export function janitorOf({ name: stack, tier, settings }: LiveStack): Placed | undefined {
  if (settings.retention === "off") return undefined;
  const name = "janitor";
  if (tier === "process") return { name, place: "host", what: "process of the janitor" };
  if (tier === "kubernetes" || tier === "cluster") return { name, place: "cluster", what: "cron job janitor" };
  if (tier !== "docker" || settings.durable !== "true") return undefined;
  const container = dockerNames(stack).janitor;
  return { name, place: "docker", what: `container ${container}`, container };
}

/** `undefined` while it has told of none. */
export async function lastRoundOf(stack: LiveStack): Promise<Round | undefined> {
  const { tier } = stack;
  const ofJob =
    tier === "kubernetes" || tier === "cluster" ? roundOfJob((await cronJobOf(stack))?.status ?? {}) : undefined;
  // A job that failed says nothing of what it removed.
  if (ofJob?.failed) return ofJob;
  return (await toldIn(stack)) ?? ofJob;
}

async function toldIn(stack: LiveStack): Promise<Round | undefined> {
  const [program, ...args] = (await logCommandOf(stack.name, "janitor", stack.settings, readLines)) ?? [];
  if (!program) return undefined;
  const { all } = await execa(program, args, { all: true, reject: false, stdin: "ignore" });
  return roundIn(all);
}

/** The last round in what the janitor has written: a line of JSON, or one that says why there is none. */
export function roundIn(log: string): Round | undefined {
  const line = log.split("\n").findLast((each) => each.startsWith("{") || each.startsWith(failure));
  if (line?.startsWith(failure)) return { failed: line.slice(failure.length), alarms: [] };
  if (!line) return undefined;
  const {
    at,
    rows = {},
    orphaned,
    ...swept
  } = JSON.parse(line) as Omit<SweepReport, "orphaned"> & { orphaned: number };
  const removed = Object.values(rows).reduce((sum, count) => sum + count, 0);
  return {
    at,
    removed,
    alarms: warningsOf({ ...swept, at, orphaned: Array<string>(orphaned) }).map(({ message }) => message),
  };
}

const failure = "this round failed, and is tried again: ";

interface CronJob {
  spec: { suspend?: boolean };
  status: { active?: unknown[]; lastScheduleTime?: string; lastSuccessfulTime?: string };
}

/** The janitor of a tier in a cluster; `undefined` when it is not there. */
export async function cronJobOf({ name, settings }: LiveStack): Promise<CronJob | undefined> {
  const target = { context: settings.kubeContext ?? "", kubeconfig: settings.kubeconfig };
  const get = ["get", "cronjob", "janitor", "--ignore-not-found", "--output", "json"];
  const said = await kubectlSays(target, "--namespace", namespaceOf(name), ...get);
  return said ? (JSON.parse(said) as CronJob) : undefined;
}

export function roundOfJob({
  active = [],
  lastScheduleTime,
  lastSuccessfulTime,
}: CronJob["status"]): Round | undefined {
  const at = lastSuccessfulTime && { at: lastSuccessfulTime };
  if (active.length === 0 && lastScheduleTime && lastScheduleTime > (lastSuccessfulTime ?? "")) {
    return { ...at, failed: `the job of ${lastScheduleTime} did not succeed`, alarms: [] };
  }
  return at ? { ...at, alarms: [] } : undefined;
}
