import type { PartName } from "./parts.ts";

/** Label on everything that a stack has in Docker; its value is the stack's name. */
export const stackLabel = "inngest-local.stack";

export function containerName(stack: string, part: PartName): string {
  return `inngest-${stack}-${part}`;
}

/** Names of a stack's containers, volumes and network in Docker; each contains the stack's. */
export function dockerNames(stack: string) {
  return {
    network: `inngest-${stack}`,
    server: containerName(stack, "server"),
    data: `inngest-${stack}-data`,
    gateway: containerName(stack, "gateway"),
    certificates: `inngest-${stack}-certificates`,
    drain: `inngest-${stack}-drain`,
    queue: containerName(stack, "queue"),
    worker: containerName(stack, "worker"),
    janitor: containerName(stack, "janitor"),
    workerData: `inngest-${stack}-worker-data`,
    secret: (what: string) => `inngest-${stack}-secret-${what}`,
  };
}

/** Labels of everything that a stack has in Docker. */
export function dockerLabels(stack: string) {
  return [{ label: stackLabel, value: stack }];
}

/** Logging options with which a container cannot fill the disk. */
export const boundedLogs = { logDriver: "json-file", logOpts: { "max-size": "10m", "max-file": "3" } };

/** Folder in a container for its secrets. */
export const secretFolder = "/run/secrets";
