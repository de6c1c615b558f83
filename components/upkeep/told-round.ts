import { alarm } from "./alarm.ts";
import { type SweepOrder, sweep, warnings } from "./sweep.ts";

/** What a janitor is told. */
export interface JanitorOrder extends SweepOrder {
  /** Where events are posted, key and all: warnings go there as `health/degraded`. @default they are in the log only */
  alarmUrl?: string | undefined;
}

/** One round that is told: in the log, and what it warns of to the stack's functions too. */
export async function toldRound({ alarmUrl, ...order }: JanitorOrder): Promise<void> {
  const swept = await sweep(order);
  console.log(JSON.stringify({ ...swept, stranded: swept.stranded.length }));
  const found = warnings(swept);
  for (const warning of found) console.error(`warning: ${warning}`);
  await alarm(
    alarmUrl,
    found.map((seen) => ({ check: "history", seen })),
  );
}

/** Tells the stack's functions of a round that failed. */
export async function toldFailure({ alarmUrl }: JanitorOrder, { message }: Error): Promise<void> {
  await alarm(alarmUrl, [{ check: "history", seen: `a round failed: ${message}` }]);
}
