/**
 * Makes one host service match its spec, and prints what its supervisor guarantees.
 * Standard input: a {@link DesiredService}. Run by `HostService` as create and as update.
 */
import { type DesiredService, reconcileService } from "../lib/host/service.ts";
import { readStdin, runScript } from "../lib/problem.ts";

await runScript(async () => {
  console.log(await reconcileService(await readStdin<DesiredService>()));
});
