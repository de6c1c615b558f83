/**
 * Removes what is older than `retention` from a stack's history: soon after its own start, and then every hour.
 * Argument: a file with a {@link JanitorRequest}.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { JanitorRequest } from "../lib/data/requests.ts";

const everyMs = 3_600_000;
/** Pause after a failed sweep. */
const retryMs = 10_000;
/** Pause before the first sweep, in which the rest of the stack starts. */
const startDelayMs = 5_000;

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(0));
const request = JSON.parse(readFileSync(process.argv[2] as string, "utf8")) as JanitorRequest;
await sleep(startDelayMs);
// Loaded only now, for the same reason.
const { recordFailure, sendFailure, sweepAndReport } = await import("./sweep/report.ts");

let failuresInARow = 0;
for (;;) {
  try {
    await sweepAndReport(request);
    failuresInARow = 0;
  } catch (error) {
    failuresInARow++;
    await reportFailure(error as Error);
  }
  await sleep(failuresInARow === 0 ? everyMs : retryMs);
}

async function reportFailure(error: Error): Promise<void> {
  console.error(`sweep failed; next attempt in ${retryMs / 1000} s: ${error.message}`);
  recordFailure(request, error);
  // The first failure may only mean that the server has not created the history yet; later ones repeat the second.
  if (failuresInARow === 2) await sendFailure(request, error);
}
