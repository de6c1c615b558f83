import { warningsOf } from "../../lib/data/requests.ts";
import type { Outputs } from "../../lib/stack/outputs.ts";
import { dataOf } from "../lib/live-stack.ts";
import { type DoctorCheck, type DoctorContext, type DoctorOutcome, ok, warning } from "./outcome.ts";

/** Whether the history of a stack that is up has room, and whether its runs can end. */
export function historyChecks({ stack, outputs }: DoctorContext): DoctorCheck[] {
  if (!outputs) return [];
  const data = dataOf(stack.settings, outputs);
  return data.copyEphemeralHistory ? [] : [{ id: "history", run: () => history(data, outputs) }];
}

async function history(data: ReturnType<typeof dataOf>, { stores }: Outputs): Promise<DoctorOutcome> {
  const report = await data.runNextToData("sweep-now", { queueUrl: stores.queueUrl });
  const megabytes = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(1)} MB`;
  const room = report.room === undefined ? "" : `, ${megabytes(report.room)} are free`;
  const seen = `${megabytes(report.size)}${room}; ${report.inFlight} runs in flight`;
  const problems = warningsOf(report);
  if (problems.length === 0) return ok(seen);
  return warning(
    `${seen}: ${problems.map(({ what }) => what).join("; ")}`,
    problems.flatMap(({ remedy }) => remedy ?? []).join("; "),
  );
}
