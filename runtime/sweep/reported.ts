import { alarm } from "../../lib/alarm.ts";
import { type JanitorRequest, warningsOf } from "../../lib/data/requests.ts";
import { sweep } from "./sweep.ts";

/** One round that is told: in the log, and what it warns of to the stack's functions too. */
export async function toldRound({ alarmUrl, ...order }: JanitorRequest): Promise<void> {
  const swept = await sweep(order);
  console.log(JSON.stringify({ ...swept, orphaned: swept.orphaned.length }));
  const found = warningsOf(swept);
  for (const { message } of found) console.error(`warning: ${message}`);
  await alarm(
    alarmUrl,
    found.map(({ message }) => ({ check: "history", seen: message })),
  );
}

/** Tells the stack's functions of a round that failed. */
export async function toldFailure({ alarmUrl }: JanitorRequest, { message }: Error): Promise<void> {
  await alarm(alarmUrl, [{ check: "history", seen: `a round failed: ${message}` }]);
}
