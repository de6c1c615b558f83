/**
 * Keeps a stack's history as long as `retention` says: a round soon after the start, and one every hour. One that fails is
 * told and tried again. Argument: a file with a {@link JanitorRequest}.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { JanitorRequest } from "../lib/data/requests.ts";

const hour = 3_600_000;
const again = 10_000;
/** A stack that starts has other work. */
const untilFirst = 5_000;

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(0));
const order = JSON.parse(readFileSync(process.argv[2] as string, "utf8")) as JanitorRequest;
await sleep(untilFirst);
const { toldFailure, toldRound } = await import("./sweep/reported.ts");
/** Rounds in a row that failed. */
let failed = 0;
for (;;) {
  const wait = await toldRound(order).then(
    () => {
      failed = 0;
      return hour;
    },
    async (error: Error) => {
      console.error(`this round failed, and is tried again: ${error.message}`);
      failed++;
      // The first may have come before the server's first start; those after the second have nothing new to tell.
      if (failed === 2) await toldFailure(order, error);
      return again;
    },
  );
  await sleep(wait);
}
