import { existsSync, readFileSync } from "node:fs";
import { type TakenPort, takenPorts } from "../../lib/host/port-holders.ts";
import { identify } from "../../lib/host/supervisors/service.ts";
import type { RawConfig } from "../../lib/settings/reader.ts";
import { checkSettings } from "../../lib/settings/settings.ts";
import { rawConfigOf } from "../../lib/settings/stack-file.ts";
import type { WantedPort } from "../../lib/stack/parts.ts";
import { preflightSpec } from "../../lib/stack/preflight-spec.ts";

/** A setting whose ports are taken, and the value with which they are free. */
export interface PortChange {
  setting: WantedPort["setting"];
  to: number;
  /** The first port that is taken, and what has it. */
  port: number;
  by: string;
}

/**
 * Free ports for a stack that is not up, one change for each setting whose default ports are taken. Ports that its file
 * sets stay: `up` says that they are taken.
 */
export async function findFreePorts(stack: string): Promise<PortChange[]> {
  const file = `Pulumi.${stack}.yaml`;
  let raw = rawConfigOf(existsSync(file) ? readFileSync(file, "utf8") : "");
  if (!raw) return [];
  const fixed = new Set(Object.keys(raw.values));
  const changes: PortChange[] = [];
  for (const { setting, port, by } of await takenOf(stack, raw)) {
    if (by === undefined || fixed.has(setting)) continue;
    fixed.add(setting);
    const free = await withFreePorts(stack, raw, setting);
    if (!free) continue;
    raw = free;
    changes.push({ setting, to: Number(free.values[setting]), port, by });
  }
  return changes;
}

/** The same settings with the next ports for `setting` that are free and that no rule forbids. */
async function withFreePorts(
  stack: string,
  raw: RawConfig,
  setting: WantedPort["setting"],
): Promise<RawConfig | undefined> {
  const block = wantedBy(stack, raw).filter((wanted) => wanted.setting === setting);
  const ports = block.map(({ port }) => port);
  const first = Math.min(...ports);
  const size = Math.max(...ports) - first + 1;
  const allowed = problemsOf(stack, raw);
  for (let to = first + size; to <= 65_535; to += size) {
    const trial = { ...raw, values: { ...raw.values, [setting]: String(to) } };
    if (problemsOf(stack, trial) > allowed) continue;
    const taken = await takenOf(stack, trial);
    if (!taken.some((each) => each.setting === setting)) return trial;
  }
  return undefined;
}

async function takenOf(stack: string, raw: RawConfig): Promise<TakenPort[]> {
  const { ports, services, dataDir, docker } = preflightSpec(checkSettings(stack, raw).settings);
  return await takenPorts(ports, {
    services: services.map((service) => identify({ stack, service, dataDir })),
    docker: docker && { stack, context: docker.context },
  });
}

function wantedBy(stack: string, raw: RawConfig): WantedPort[] {
  return preflightSpec(checkSettings(stack, raw).settings).ports;
}

function problemsOf(stack: string, raw: RawConfig): number {
  return checkSettings(stack, raw).problems.length;
}
