import { Cron } from "croner";
import type { InngestFunction } from "inngest";
import type { Drift } from "../events.ts";
import { appCreatedAt, lastRunOf, listFunctions, type ServerFunction } from "./api.ts";
import { declaredFunctions } from "./registration.ts";

/**
 * Compares what this app declares with what the server has, and what should run by the clock with what did.
 *
 * @returns every difference; none when all is well
 */
export async function audit(functions: InngestFunction.Any[], now = new Date()): Promise<Drift[]> {
  const [declared, registered] = await Promise.all([declaredFunctions(functions), listFunctions()]);
  const drift = compare(declared, registered);
  // A cron that the server does not have cannot run; saying so twice would hide what is wrong.
  const unknown = new Set(drift.map((each) => each.function));
  const asKnown = declared.filter(({ id }) => !unknown.has(id));
  return [...drift, ...(await findIdleCrons(asKnown, now))];
}

export function compare(declared: ServerFunction[], registered: ServerFunction[]): Drift[] {
  const triggersOf = (fn: ServerFunction | undefined) => fn?.triggers.toSorted().join(", ") ?? "";
  const onServer = new Map(registered.map((fn) => [fn.id, fn]));
  const here = new Map(declared.map((fn) => [fn.id, fn]));
  const drift: Drift[] = [];
  for (const [id, fn] of here) {
    const other = onServer.get(id);
    const detail = `declared: ${triggersOf(fn)}; on the server: ${triggersOf(other)}`;
    if (!other) drift.push({ function: id, problem: "missing", detail });
    else if (triggersOf(fn) !== triggersOf(other)) drift.push({ function: id, problem: "triggers", detail });
  }
  for (const [id, fn] of onServer) {
    if (!here.has(id)) drift.push({ function: id, problem: "unexpected", detail: `on the server: ${triggersOf(fn)}` });
  }
  return drift;
}

/** A cron is idle when it has no run within twice its period; a new app is given that time first. */
export async function findIdleCrons(declared: ServerFunction[], now: Date): Promise<Drift[]> {
  const drift: Drift[] = [];
  for (const { id, triggers } of declared) {
    const crons = triggers.filter((trigger) => trigger.startsWith("cron "));
    if (crons.length === 0) continue;
    const period = Math.min(...crons.map((trigger) => periodOf(trigger.slice("cron ".length), now)));
    const last = await lastRunOf(id);
    const since = last ?? (await appCreatedAt());
    if (now.getTime() - since.getTime() <= 2 * period) continue;
    const seen = last ? `last run at ${last.toISOString()}` : "no run since the app was registered";
    drift.push({ function: id, problem: "not running", detail: `${crons.join(", ")}: ${seen}` });
  }
  return drift;
}

/** The longest pause between the next runs of a cron, in milliseconds: `0 9 * * 1-5` pauses over the weekend. */
function periodOf(expression: string, now: Date): number {
  const [, timezone, schedule = expression] = /^TZ=(\S+)\s+(.+)$/.exec(expression) ?? [];
  const times = new Cron(schedule, { timezone: timezone ?? "UTC" }).nextRuns(10, now).map((time) => time.getTime());
  return Math.max(...times.slice(1).map((time, index) => time - (times[index] ?? time)));
}
