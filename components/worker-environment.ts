import * as pulumi from "@pulumi/pulumi";
import { renderAppVariables, renderWorkerVariables, type WorkerSpec } from "../lib/render/worker-variables.ts";

/** A {@link WorkerSpec} whose secrets may be outputs. */
export type WorkerArgs = {
  [Key in keyof WorkerSpec]: Key extends "keys" | "redisUrl" | "variables"
    ? pulumi.Input<WorkerSpec[Key]>
    : WorkerSpec[Key];
};

/** A worker's environment variables; secret. */
export function workerEnvironment(args: WorkerArgs): pulumi.Output<Record<string, string>> {
  const { keys, redisUrl, variables, ...plain } = args;
  return pulumi
    .secret({ keys, redisUrl, variables })
    .apply((secrets) => renderWorkerVariables({ ...plain, ...secrets }));
}

/** The variables by which an app of the user's own becomes this stack's worker; secret. */
export function appEnvironment(
  args: Pick<WorkerArgs, "serverUrl" | "origin" | "keys">,
): pulumi.Output<Record<string, string>> {
  const { keys, ...plain } = args;
  return pulumi.secret(keys).apply((keys) => renderAppVariables({ ...plain, keys }));
}

/**
 * Options of a worker's resource. One that connects is created after the server and deleted before it, because a server
 * that stops waits half a minute for open connections. One that is called starts at the same time, which is faster.
 */
export function workerOptions(
  transport: WorkerSpec["transport"],
  server: pulumi.Resource,
  opts: pulumi.ComponentResourceOptions,
): pulumi.ComponentResourceOptions {
  return transport === "connect" ? pulumi.mergeOptions(opts, { dependsOn: server }) : opts;
}
