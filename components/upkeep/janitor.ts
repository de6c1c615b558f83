/**
 * Keeps a stack's history as long as `retention` says: a round at the start, and one every hour. One that fails is
 * told and tried again. Argument: a file with a {@link SweepOrder}.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type SweepOrder, toldSweep } from "./sweep.ts";

const hour = 3_600_000;
const again = 10_000;

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(0));
const order = JSON.parse(readFileSync(process.argv[2] as string, "utf8")) as SweepOrder;
for (;;) {
  const wait = await toldSweep(order).then(
    () => hour,
    (error: Error) => {
      console.error(`this round failed, and is tried again: ${error.message}`);
      return again;
    },
  );
  await sleep(wait);
}
