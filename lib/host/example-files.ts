import { relative } from "node:path";
import { serviceFiles } from "./service-files.ts";
import type { ServiceSpec } from "./spec.ts";
import { renderPlist } from "./supervisors/launchd-plist.ts";
import { identify, labelsOf, type ServiceDefinition } from "./supervisors/service.ts";
import { renderUnit } from "./supervisors/systemd-unit.ts";

/** A made-up machine. Real paths are resolved when a service starts, and never appear in a plan. */
const example = {
  dataDir: "/home/you/.local/share/inngest-local/stacks",
  project: "/home/you/inngest-local",
  programs: "/usr/local/bin",
  environment: { PATH: "/usr/local/bin:/usr/bin:/bin" },
  systemdVersion: 255,
};

/** The files that a service would have on an example machine, by name, with its unit or job among them. */
export function exampleFiles(spec: ServiceSpec): Record<string, string> {
  const dataDir = spec.dataDir ?? `${example.dataDir}/${spec.stack}`;
  const service = identify({ ...spec, dataDir });
  const { args, files } = serviceFiles(spec, dataDir, undefined);
  const { supervisor, scope } = spec.supervision;
  const definition: ServiceDefinition = {
    ...service,
    description: `Inngest ${spec.service} of stack ${spec.stack}`,
    command: [`${example.programs}/${spec.program.kind}`, ...args],
    workingDirectory: spec.workingDirectory
      ? `${example.project}/${spec.workingDirectory}`
      : `${dataDir}/${spec.service}`,
    ...labelsOf(spec),
    environment: { ...example.environment, ...spec.environment },
    user: scope === "system" ? "you" : undefined,
  };
  const supervised = (name: string) => supervisor === name || supervisor === "auto";
  return {
    ...Object.fromEntries(files.map(({ path, content }) => [relative(dataDir, path), content])),
    ...(supervised("launchd") ? { [`launchd/${service.label}.plist`]: renderPlist(definition) } : {}),
    ...(supervised("systemd")
      ? { [`systemd/${service.label}.service`]: renderUnit(definition, { version: example.systemdVersion }) }
      : {}),
  };
}
