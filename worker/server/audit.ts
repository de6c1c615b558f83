import { Cron } from "croner";
import type { InngestFunction } from "inngest";
import type { Drift } from "../events.ts";
import { appCreatedAt, type ListedFunction, lastRunOf, listFunctions } from "./api.ts";
import { declaredFunctions } from "./registration.ts";

/**
 * Compares the functions that this app declares with those that the server has, and the schedules of crons with their runs.
 *
 * @returns every difference; empty when there is none
 */
export async function audit(functions: InngestFunction.Any[], now = new Date()): Promise<Drift[]> {
  const [declared, registered] = await Promise.all([declaredFunctions(functions), listFunctions()]);
  const drift = compare(declared, registered);
  // A cron that the server does not have cannot run: reporting it as idle too would only hide the cause.
  const drifted = new Set(drift.map((each) => each.function));
  const unchanged = declared.filter(({ id }) => !drifted.has(id));
  return [...drift, ...(await findIdleCrons(unchanged, now))];
}

function compare(declared: ListedFunction[], registered: ListedFunction[]): Drift[] {
  const onServer = new Map(registered.map((fn) => [fn.id, triggersText(fn)]));
  const inCode = new Map(declared.map((fn) => [fn.id, triggersText(fn)]));
  const drift: Drift[] = [];
  for (const [id, triggers] of inCode) {
    const found = onServer.get(id);
    const detail = `declared: ${triggers}; on the server: ${found ?? ""}`;
    if (found === undefined) drift.push({ function: id, problem: "missing", detail });
    else if (found !== triggers) drift.push({ function: id, problem: "triggers", detail });
  }
  for (const [id, triggers] of onServer) {
    if (!inCode.has(id)) drift.push({ function: id, problem: "unexpected", detail: `on the server: ${triggers}` });
  }
  return drift;
}

/** A function's triggers as sorted, human-readable text: `cron 0 * * * *, event task/process if event.data.url != ''`. */
function triggersText({ triggers }: ListedFunction): string {
  const texts = triggers.map((trigger) => {
    if ("cron" in trigger) return `cron ${trigger.cron}`;
    return `event ${trigger.event}${trigger.if ? ` if ${trigger.if}` : ""}`;
  });
  return texts.toSorted().join(", ");
}

/** Finds crons without a run within twice their period. The crons of a new app are given as much time for their first run. */
export async function findIdleCrons(functions: ListedFunction[], now: Date): Promise<Drift[]> {
  const drift: Drift[] = [];
  for (const fn of functions) {
    const crons = fn.triggers.flatMap((trigger) => ("cron" in trigger ? [trigger.cron] : []));
    if (crons.length === 0) continue;
    const periodMs = Math.min(...crons.map((cron) => longestPauseMs(cron, now)));
    const last = await lastRunOf(fn.id);
    const since = last ?? (await appCreatedAt());
    if (now.getTime() - since.getTime() <= 2 * periodMs) continue;
    const seen = last ? `last run at ${last.toISOString()}` : "no run since the app was registered";
    const schedules = crons.map((cron) => `cron ${cron}`).join(", ");
    drift.push({ function: fn.id, problem: "not running", detail: `${schedules}: ${seen}` });
  }
  return drift;
}

/** The longest pause between the next runs of a cron: `0 9 * * 1-5` pauses over the weekend. */
function longestPauseMs(cron: string, now: Date): number {
  const [, timezone, schedule = cron] = /^TZ=(\S+)\s+(.+)$/.exec(cron) ?? [];
  const times = new Cron(schedule, { timezone: timezone ?? "UTC" }).nextRuns(10, now).map((time) => time.getTime());
  return Math.max(...times.slice(1).map((time, index) => time - (times[index] ?? time)));
}
