/** Runs one sweep for a scheduler, such as a CronJob. Argument: a file with a {@link JanitorRequest}. */
import { readFileSync } from "node:fs";
import type { JanitorRequest } from "../lib/data/requests.ts";
import { runScript } from "../lib/problem.ts";
import { recordFailure, sendFailure, sweepAndReport } from "./sweep/report.ts";

// A container's first process ignores signals for which it has no handler.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(0));
await runScript(async () => {
  const request = JSON.parse(readFileSync(process.argv[2] as string, "utf8")) as JanitorRequest;
  await sweepAndReport(request).catch(async (error: Error) => {
    recordFailure(request, error);
    await sendFailure(request, error);
    throw error;
  });
});
