/**
 * Stops a host service and removes what holds its secrets; its data and logs stay. Succeeds when it is gone already.
 * Standard input: the {@link ServiceSpec} that was running. Run by `HostService` as delete.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "../lib/host/lock.ts";
import { servicePaths } from "../lib/host/paths.ts";
import { removeRecord } from "../lib/host/records.ts";
import type { ServiceSpec } from "../lib/host/spec.ts";
import { removeEverywhere } from "../lib/host/supervisors/index.ts";
import { identify } from "../lib/host/supervisors/service.ts";
import { readStdin, runScript } from "../lib/problem.ts";

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
