import { type SweepReport, warningsOf } from "../../lib/data/requests.ts";
import { stateOf } from "../lib/backup/take.ts";
import { type DoctorCheck, type DoctorOutcome, ok, type Patient, warning } from "./outcome.ts";

/** Whether the history of a stack that is up has room, and whether its runs can end. */
export function historyChecks(patient: Patient): DoctorCheck[] {
  const { outputs, settings } = patient;
  const { tier, durable } = settings;
  const kept = tier !== "docker" || durable === "true";
  return outputs && kept ? [{ id: "history", run: () => history(patient) }] : [];
}

async function history({ pulumi, stack }: Patient): Promise<DoctorOutcome> {
  const { site, stores } = await stateOf(pulumi, stack);
  const swept = await site.run<SweepReport>("sweep-now", { database: site.database, queueUrl: stores.queueUrl });
  const megabytes = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(1)} MB`;
  const room = swept.room === undefined ? "" : `, ${megabytes(swept.room)} are free`;
  const seen = `${megabytes(swept.size)}${room}; ${swept.inFlight} runs in flight`;
  const found = warningsOf(swept);
  if (found.length === 0) return ok(seen);
  return warning(`${seen}: ${found.map(({ what }) => what).join("; ")}`, found.map(({ remedy }) => remedy).join("; "));
}
