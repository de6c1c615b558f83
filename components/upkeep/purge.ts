/** One round of the janitor, at once. Standard input: a {@link SweepOrder}; standard output: a {@link Swept}. */
import { readStdin, runScript } from "../host/problem.ts";
import { type SweepOrder, sweep } from "./sweep.ts";

await runScript(async () => {
  process.stdout.write(JSON.stringify(await sweep(await readStdin<SweepOrder>())));
});
