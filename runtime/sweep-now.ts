/** Runs one sweep on request. Standard input: a {@link SweepRequest}; standard output: a {@link SweepReport}. */

import type { SweepRequest } from "../lib/data/requests.ts";
import { readStdin, runScript } from "../lib/problem.ts";
import { sweep } from "./sweep/sweep.ts";

await runScript(async () => {
  process.stdout.write(JSON.stringify(await sweep(await readStdin<SweepRequest>())));
});
