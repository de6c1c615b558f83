/** One round of the janitor, for a scheduler that has it every hour. Argument: a file with a {@link SweepOrder}. */
import { readFileSync } from "node:fs";
import { runScript } from "../host/problem.ts";
import { type SweepOrder, toldSweep } from "./sweep.ts";

// The first process of a container ends by no signal that it does not listen for.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(0));
await runScript(async () => {
  await toldSweep(JSON.parse(readFileSync(process.argv[2] as string, "utf8")) as SweepOrder);
});
