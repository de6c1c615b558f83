import { onPath } from "../programs.ts";
import { readRecord } from "../records.ts";
import type { RunRecord } from "../spec.ts";
import { detached } from "./detached.ts";
import { launchd } from "./launchd.ts";
import type { Scope, ServiceIdentity, Supervision, SupervisorName } from "./service.ts";
import type { Supervisor } from "./supervisor.ts";
import { systemd } from "./systemd.ts";

/** Chooses the supervisor on this machine. One that the stack names may still be {@link Supervisor.unavailable}. */
export async function chooseSupervisor({ supervisor, scope }: Supervision): Promise<Supervisor> {
  if (supervisor !== "auto") return supervisorNamed(supervisor, scope);
  if (onPath("launchctl")) return launchd(scope);
  const unit = systemd(scope);
  // A stack that asks for system services must not get a process that is gone after a reboot.
  if (scope === "system") return unit;
  const problem = await unit.unavailable();
  return problem ? detached(problem.reason) : unit;
}

export function supervisorNamed(name: SupervisorName, scope: Scope): Supervisor {
  return name === "none" ? detached() : { launchd, systemd }[name](scope);
}

/** The service's process, if it still runs as its last start left it. */
export async function running(service: ServiceIdentity): Promise<{ record: RunRecord; pid: number } | undefined> {
  const record = readRecord(service.record);
  if (record === undefined) return undefined;
  const { pid, definition } = await supervisorNamed(record.supervisor, record.scope).observe(service);
  return pid !== undefined && definition === record.definition ? { record, pid } : undefined;
}

/** Stops and removes a service under every supervisor: the setting may have changed since it was started. */
export async function removeEverywhere(service: ServiceIdentity): Promise<void> {
  const available = [
    ...(onPath("launchctl") ? [launchd("user"), launchd("system")] : []),
    ...(onPath("systemctl") ? [systemd("user"), systemd("system")] : []),
    detached(),
  ];
  for (const supervisor of available) await supervisor.remove(service);
}
