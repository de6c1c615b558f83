/**
 * Stops one host service and removes its secrets; data and logs stay.
 * Standard input: the {@link ServiceSpec} that was running. Run by `HostService` as delete.
 */
import { removeService } from "../lib/host/service.ts";
import type { ServiceSpec } from "../lib/host/spec.ts";
import { readStdin, runScript } from "../lib/problem.ts";

await runScript(async () => removeService(await readStdin<ServiceSpec>()));
