import { execa } from "execa";
import { dockerNames } from "../components/docker/names.ts";
import { readRecord } from "../components/host/records.ts";
import { supervisorNamed } from "../components/host/supervisors/index.ts";
import { identify } from "../components/host/supervisors/service.ts";
import type { StackSettings } from "./live-stack.ts";

export const loggingServices = ["server", "worker", "queue", "gateway", "janitor"] as const;
export type LoggingService = (typeof loggingServices)[number];

/** Where a service writes: its supervisor's log when it was started on this machine, else its container's, if any. */
export async function logCommandOf(
  stack: string,
  service: LoggingService,
  { tier, dataDir, dockerContext }: Pick<StackSettings, "tier" | "dataDir" | "dockerContext">,
  lines: number,
  follow = false,
): Promise<string[] | undefined> {
  const host = identify({ stack, service, dataDir });
  const record = readRecord(host.record);
  if (record) return supervisorNamed(record.supervisor, record.scope).logCommand(host, lines, follow);
  if (tier !== "docker") return undefined;
  const docker = ["docker", ...(dockerContext ? ["--context", dockerContext] : [])];
  const container = dockerNames(stack)[service];
  const { exitCode } = await execa({ reject: false })`${docker} container inspect ${container}`;
  if (exitCode !== 0) return undefined;
  return [...docker, "logs", `--tail=${lines}`, ...(follow ? ["--follow"] : []), container];
}
