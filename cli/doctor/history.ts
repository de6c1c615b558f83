import { warningsOf } from "../../lib/data/requests.ts";
import type { StackData } from "../../lib/places/data.ts";
import { dataOf } from "../../lib/places/places.ts";
import type { Stores } from "../../lib/stack/stores.ts";
import { type DoctorCheck, type DoctorContext, type DoctorOutcome, ok, warning } from "./outcome.ts";

/** Whether the history of a stack that is up has room, and whether its runs can end. */
export function historyChecks({ stack, outputs }: DoctorContext): DoctorCheck[] {
  if (!outputs) return [];
  const { stores } = outputs;
  const data = dataOf(stack.settings, stores);
  return data.copyEphemeralHistory ? [] : [{ id: "history", run: () => history(data, stores.queueUrl) }];
}

async function history(data: StackData, queueUrl: Stores["queueUrl"]): Promise<DoctorOutcome> {
  const report = await data.runNextToData("sweep-now", { queueUrl });
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
