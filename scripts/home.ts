/**
 * Prints the home that a stack has when it is brought up from here, as JSON.
 * Standard input: a {@link PreflightSpec} as JSON. Run by `Preflight`, whose input it becomes.
 */
import { homeHere } from "../lib/host/home.ts";
import { readStdin, runScript } from "../lib/problem.ts";
import type { PreflightSpec } from "../lib/stack/preflight-spec.ts";

await runScript(async () => {
  process.stdout.write(JSON.stringify(await homeHere(await readStdin<PreflightSpec>())));
});
