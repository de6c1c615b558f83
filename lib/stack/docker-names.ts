import type { PartName } from "./parts.ts";

/** Label on everything that a stack has in Docker; its value is the stack's name. */
export const stackLabel = "inngest-local.stack";

/** Name of a part's container. */
export function containerName(stack: string, part: PartName): string {
  return `inngest-${stack}-${part}`;
}

/** What a stack's things are called in Docker; every name carries the stack's. */
export function dockerNames(stack: string) {
  return {
    network: `inngest-${stack}`,
    server: containerName(stack, "server"),
    data: `inngest-${stack}-data`,
    gateway: containerName(stack, "gateway"),
    certificates: `inngest-${stack}-certificates`,
    door: `inngest-${stack}-door`,
    queue: containerName(stack, "queue"),
    worker: containerName(stack, "worker"),
    janitor: containerName(stack, "janitor"),
    workerData: `inngest-${stack}-worker-data`,
    secret: (file: string) => `inngest-${stack}-secret-${file}`,
  };
}

export function labelsOf(stack: string) {
  return [{ label: stackLabel, value: stack }];
}

/** Container logs that cannot fill the disk. */
export const boundedLogs = { logDriver: "json-file", logOpts: { "max-size": "10m", "max-file": "3" } };

/** Where a container finds its secrets. */
export const secretFolder = "/run/secrets";
