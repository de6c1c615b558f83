/** One round of the janitor, for a scheduler that has it every hour. Argument: a file with a {@link JanitorRequest}. */
import { readFileSync } from "node:fs";
import type { JanitorRequest } from "../lib/data/requests.ts";
import { runScript } from "../lib/problem.ts";
import { toldFailure, toldRound } from "./sweep/reported.ts";

// The first process of a container ends by no signal that it does not listen for.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(0));
await runScript(async () => {
  const order = JSON.parse(readFileSync(process.argv[2] as string, "utf8")) as JanitorRequest;
  await toldRound(order).catch(async (error: Error) => {
    await toldFailure(order, error);
    throw error;
  });
});
