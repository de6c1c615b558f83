/**
 * Prints whether a stack can have a queue on this machine, as a {@link FoundQueue}. The program asks while it plans: a
 * stack without one comes up all the same.
 * Standard input: stack, data folder if it sets one, and the setting `queueBinary`.
 */
import { findQueue } from "../lib/host/queue.ts";
import { readStdin, runScript } from "../lib/problem.ts";

await runScript(async () => {
  console.log(JSON.stringify(findQueue(await readStdin<Parameters<typeof findQueue>[0]>())));
});
