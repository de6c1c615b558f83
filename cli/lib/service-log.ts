import { execa } from "execa";
import { readRecord } from "../../lib/host/records.ts";
import { supervisorNamed } from "../../lib/host/supervisors/index.ts";
import { identify } from "../../lib/host/supervisors/service.ts";
import { kubectlFor } from "../../lib/places/kubectl.ts";
import { kubectlSays } from "../../lib/places/kubernetes-cluster.ts";
import { dockerNames } from "../../lib/stack/docker-names.ts";
import { namespaceOf, selectorText } from "../../lib/stack/kubernetes-names.ts";
import type { StackSettings } from "./live-stack.ts";

export const loggingServices = ["server", "worker", "queue", "gateway", "janitor", "backup"] as const;
export type LoggingService = (typeof loggingServices)[number];

/** Settings that say where a service writes. */
export const logSettings = ["tier", "dataDir", "dockerContext", "kubeContext", "kubeconfig"] as const;
type LogSettings = Pick<StackSettings, (typeof logSettings)[number]>;

/** Where a service writes: its supervisor's log when it was started on this machine, else its container's or pods', if any. */
export async function logCommandOf(
  stack: string,
  service: LoggingService,
  settings: LogSettings,
  lines: number,
  follow = false,
): Promise<string[] | undefined> {
  const { tier, dataDir, dockerContext } = settings;
  const host = identify({ stack, service, dataDir });
  const record = readRecord(host.record);
  if (record) return supervisorNamed(record.supervisor, record.scope).logCommand(host, lines, follow);
  // Backups are taken by this machine on every tier.
  if (tier === "process" || service === "backup") return undefined;
  if (tier !== "docker") return await podLogCommandOf(stack, service, settings, lines, follow);
  const docker = ["docker", ...(dockerContext ? ["--context", dockerContext] : [])];
  const container = dockerNames(stack)[service];
  const { exitCode } = await execa({ reject: false })`${docker} container inspect ${container}`;
  if (exitCode !== 0) return undefined;
  return [...docker, "logs", `--tail=${lines}`, ...(follow ? ["--follow"] : []), container];
}

async function podLogCommandOf(
  stack: string,
  service: Exclude<LoggingService, "backup">,
  { kubeContext = "", kubeconfig }: LogSettings,
  lines: number,
  follow: boolean,
): Promise<string[] | undefined> {
  const target = { context: kubeContext, kubeconfig };
  const of = ["--namespace", namespaceOf(stack), "--selector", selectorText(service)];
  if (!(await kubectlSays(target, "get", "pods", ...of, "--output", "name"))) return undefined;
  const { command, args } = kubectlFor(target);
  const shape = [`--tail=${lines}`, "--all-containers", "--ignore-errors", "--max-log-requests=50"];
  return [command, ...args, "logs", ...of, ...shape, ...(follow ? ["--follow"] : [])];
}
