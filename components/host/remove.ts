/**
 * Stops a host service and removes what holds its secrets; its data and logs stay. Succeeds when it is gone already.
 * Standard input: the {@link ServiceSpec} that was running. Run by `HostService` as delete.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "./lock.ts";
import { servicePaths } from "./paths.ts";
import { readStdin, runScript } from "./problem.ts";
import { removeRecord } from "./records.ts";
import type { ServiceSpec } from "./spec.ts";
import { removeEverywhere } from "./supervisors/index.ts";
import { identify } from "./supervisors/service.ts";

await runScript(async () => {
  const spec = await readStdin<ServiceSpec>();
  const service = identify(spec);
  await withLock(service.label, async () => {
    await removeEverywhere(service);
    removeRecord(service.record);
    const { folder, envFile, inherited } = servicePaths(service.dataDir, spec.service);
    for (const path of [envFile, inherited]) rmSync(path, { force: true });
    for (const file of spec.files ?? []) rmSync(join(folder, file.name), { force: true });
  });
});
