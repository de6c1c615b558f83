/**
 * Makes one host service match its spec, and prints what keeps it running as one line of JSON.
 * Standard input: a {@link DesiredService}. Run by `HostService` as create and as update.
 */
import { type DesiredService, reconcileService } from "../lib/host/service.ts";
import { readStdin, runScript } from "../lib/problem.ts";

await runScript(async () => {
  console.log(JSON.stringify(await reconcileService(await readStdin<DesiredService>())));
});
