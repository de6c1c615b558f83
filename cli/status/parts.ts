import { styleText } from "node:util";
import type { LastSweep } from "../../lib/data/requests.ts";
import type { PartState } from "../../lib/places/place.ts";
import type { Part } from "../../lib/stack/parts.ts";
import { lastBackupOf } from "../lib/last-backup.ts";
import type { KnownStack } from "../lib/live-stack.ts";
import { ago } from "./ago.ts";

/** A part of a stack as it is now, with what it has done last. */
export interface PartReport extends PartState {
  name: string;
  /** Of the janitor; `undefined` until it has swept. */
  lastSweep?: LastSweep | undefined;
  /** Of the scheduled backups: when the newest was taken, ISO 8601. */
  newest?: string | undefined;
}

export async function reportsOf(stack: KnownStack): Promise<PartReport[]> {
  const { parts, settings } = stack;
  const reports = parts.all.map(async (part): Promise<PartReport> => {
    const [state, lastSweep] = await Promise.all([parts.stateOf(part), lastSweepOf(stack, part)]);
    const newest = part.name === "backup" ? lastBackupOf(settings) : undefined;
    return { name: part.name, ...state, lastSweep, newest };
  });
  const app = settings.worker.runtime === "external" ? [appReport(settings.worker.url?.href ?? "")] : [];
  return await Promise.all([...reports, ...app]);
}

async function lastSweepOf({ parts }: KnownStack, part: Part): Promise<LastSweep | undefined> {
  if (part.name !== "janitor") return undefined;
  return await parts
    .placeOf(part)
    .lastSweep(part)
    .catch(() => undefined);
}

/** An app of the user's own, which is no part. */
async function appReport(url: string): Promise<PartReport> {
  const isRunning = await fetch(url, { signal: AbortSignal.timeout(5000) }).then(
    () => true,
    () => false,
  );
  return { name: "worker", isRunning, what: `your app at ${url}` };
}

/** A line of the screen about a part. */
export function partLine(report: PartReport): string {
  const { isRunning, what, since, detail } = report;
  const state = styleText(isRunning ? "green" : "red", isRunning ? "runs" : "does not run", { stream: process.stdout });
  return [`${state}: ${what}`, since && `for ${ago(since)}`, detail, lastWorkOf(report)].filter(Boolean).join(", ");
}

function lastWorkOf({ name, lastSweep, newest }: PartReport): string | undefined {
  if (name === "backup") return newest ? `newest backup ${ago(newest)} ago` : "no backup yet";
  return name === "janitor" ? sweepText(lastSweep) : undefined;
}

function sweepText(lastSweep: LastSweep | undefined): string {
  if (!lastSweep) return "no sweep yet";
  const { at, report, failed } = lastSweep;
  if (failed) return `its last sweep failed: ${failed}`;
  const removed = Object.values(report?.rows ?? {}).reduce((sum, count) => sum + count, 0);
  return `last sweep ${ago(at)} ago${report ? `, removed ${removed} rows` : ""}`;
}
