import { stackLabel } from "../places/docker-engine.ts";

/** Names of a stack's containers, volumes and network in Docker; each contains the stack's. */
export function dockerNames(stack: string) {
  return {
    network: `inngest-${stack}`,
    server: `inngest-${stack}-server`,
    data: `inngest-${stack}-data`,
    gateway: `inngest-${stack}-gateway`,
    certificates: `inngest-${stack}-certificates`,
    drain: `inngest-${stack}-drain`,
    queue: `inngest-${stack}-queue`,
    worker: `inngest-${stack}-worker`,
    janitor: `inngest-${stack}-janitor`,
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
