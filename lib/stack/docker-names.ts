import { stackLabel } from "../places/docker-engine.ts";

/** What a stack's things are called in Docker; every name carries the stack's. */
export function dockerNames(stack: string) {
  return {
    network: `inngest-${stack}`,
    server: `inngest-${stack}-server`,
    data: `inngest-${stack}-data`,
    gateway: `inngest-${stack}-gateway`,
    certificates: `inngest-${stack}-certificates`,
    door: `inngest-${stack}-door`,
    queue: `inngest-${stack}-queue`,
    worker: `inngest-${stack}-worker`,
    janitor: `inngest-${stack}-janitor`,
    workerData: `inngest-${stack}-worker-data`,
    secret: (file: string) => `inngest-${stack}-secret-${file}`,
  };
}

export function labelsOf(stack: string) {
  return [{ label: stackLabel, value: stack }];
}

/** Container logs that cannot fill the disk. */
export const boundedLogs = { logDriver: "json-file", logOpts: { "max-size": "10m", "max-file": "3" } };

/** Where a container finds what it may know. */
export const secretFolder = "/run/secrets";
