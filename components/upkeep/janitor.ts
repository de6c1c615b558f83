/**
 * Keeps a stack's history as long as `retention` says: a round at the start, and one every hour. One that fails is
 * told and tried again. Argument: a file with a {@link JanitorOrder}.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { alarm } from "./alarm.ts";
import { type SweepOrder, sweep, warnings } from "./sweep.ts";

export interface JanitorOrder extends SweepOrder {
  /** Where events are posted, key and all: warnings go there as `health/degraded`. @default they are in the log only */
  alarmUrl?: string | undefined;
}

const hour = 3_600_000;
const again = 10_000;

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(0));
const { alarmUrl, ...order } = JSON.parse(readFileSync(process.argv[2] as string, "utf8")) as JanitorOrder;
/** Rounds in a row that failed. */
let failed = 0;
for (;;) {
  const wait = await sweep(order).then(
    async (swept) => {
      failed = 0;
      console.log(JSON.stringify({ ...swept, stranded: swept.stranded.length }));
      const found = warnings(swept);
      for (const warning of found) console.error(`warning: ${warning}`);
      await alarm(
        alarmUrl,
        found.map((seen) => ({ check: "history", seen })),
      );
      return hour;
    },
    async (error: Error) => {
      console.error(`this round failed, and is tried again: ${error.message}`);
      failed++;
      // The first may have come before the server's first start; those after the second have nothing new to tell.
      if (failed === 2) await alarm(alarmUrl, [{ check: "history", seen: `a round failed: ${error.message}` }]);
      return again;
    },
  );
  await sleep(wait);
}
