import { alarm } from "../../lib/alarm.ts";
import { writePrivateFile } from "../../lib/data/private-file.ts";
import { type JanitorRequest, type LastSweep, warningsOf } from "../../lib/data/requests.ts";
import { sweep } from "./sweep.ts";

/** Runs one sweep, logs the result as one line of JSON, records it, and sends warnings as `health/degraded`. */
export async function sweepAndReport({ alarmUrl, reportFile, ...request }: JanitorRequest): Promise<void> {
  const report = await sweep(request);
  record(reportFile, { at: report.at, report });
  console.log(JSON.stringify({ ...report, orphaned: report.orphaned.length }));
  const warnings = warningsOf(report);
  for (const { message } of warnings) console.error(`warning: ${message}`);
  await alarm(
    alarmUrl,
    warnings.map(({ message }) => ({ check: "history", seen: message })),
  );
}

export function recordFailure({ reportFile }: JanitorRequest, { message }: Error): void {
  record(reportFile, { at: new Date().toISOString(), failed: message });
}

/** Sends why a sweep failed as `health/degraded`. */
export async function sendFailure({ alarmUrl }: JanitorRequest, { message }: Error): Promise<void> {
  await alarm(alarmUrl, [{ check: "history", seen: `a sweep failed: ${message}` }]);
}

/** Never throws: a full disk must not turn a sweep into a failure, or hide why one failed. */
function record(file: string | undefined, last: LastSweep): void {
  if (file === undefined) return;
  try {
    writePrivateFile(file, `${JSON.stringify(last)}\n`);
  } catch (error) {
    console.error(`the result of the sweep could not be written: ${(error as Error).message}`);
  }
}
