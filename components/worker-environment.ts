import * as pulumi from "@pulumi/pulumi";
import type { WorkerKeys } from "../lib/stack/key-rotation.ts";

export { servePath } from "../lib/inngest/serve-path.ts";

/** What every worker is told, wherever it runs. */
export interface WorkerArgs {
  /** Where the worker reaches the server. */
  serverUrl: string;
  /** Where the server reaches the worker: its origin, without a path. */
  origin: string;
  /** Port it listens on. */
  port: number;
  /** `serve`: the server calls the worker. `connect`: the worker opens a connection to the server. */
  transport: "serve" | "connect";
  /** The server's Connect gateway, where the worker cannot use the one it is told. @default the one the server tells */
  connectGatewayUrl?: string | undefined;
  /** What the worker signs, verifies and sends with. */
  keys: pulumi.Input<WorkerKeys>;
  /** Redis for state that functions share. @default none: the worker says which of its features are off */
  redisUrl?: pulumi.Input<string> | undefined;
  /** Steps whose results the worker sends together. @default 1, each before the next one begins */
  checkpointSteps?: number | undefined;
  /** More variables; they stand before those above. */
  variables: pulumi.Input<Record<string, string>>;
}

/** {@link WorkerArgs} once every value is known. */
export type KnownWorkerArgs = { [Key in keyof WorkerArgs]: pulumi.Unwrap<WorkerArgs[Key]> };

/**
 * The worker's variables. No INNGEST_DEV: it turns off the check of the server's signature, and
 * INNGEST_BASE_URL alone keeps the worker from Inngest Cloud (both measured on SDK 4.24.0).
 */
export function workerVariables(args: KnownWorkerArgs): Record<string, string> {
  return {
    ...appVariables(args),
    PORT: String(args.port),
    TRANSPORT: args.transport,
    ...(args.connectGatewayUrl && { INNGEST_CONNECT_GATEWAY_URL: args.connectGatewayUrl }),
    ...(args.redisUrl && { REDIS_URL: args.redisUrl }),
    ...((args.checkpointSteps ?? 1) > 1 && { CHECKPOINT_STEPS: String(args.checkpointSteps) }),
    ...args.variables,
  };
}

/** What an app of the user's own needs to be this stack's worker. */
export function appVariables(args: Pick<KnownWorkerArgs, "serverUrl" | "origin" | "keys">): Record<string, string> {
  const { signingKey, signingKeyFallback, eventKey } = args.keys;
  return {
    INNGEST_BASE_URL: args.serverUrl,
    INNGEST_SERVE_ORIGIN: args.origin,
    INNGEST_SIGNING_KEY: signingKey,
    ...(signingKeyFallback && { INNGEST_SIGNING_KEY_FALLBACK: signingKeyFallback }),
    INNGEST_EVENT_KEY: eventKey,
  };
}

/** {@link workerVariables} as an output, secret because the keys are. */
export function workerEnvironment(args: WorkerArgs): pulumi.Output<Record<string, string>> {
  const { keys, redisUrl, variables, ...plain } = args;
  return pulumi
    .secret(pulumi.all([keys, redisUrl, variables]))
    .apply(([keys, redisUrl, variables]) =>
      workerVariables({ ...plain, keys, redisUrl, variables } as KnownWorkerArgs),
    ) as pulumi.Output<Record<string, string>>;
}

/** {@link appVariables} as an output, secret because the keys are. */
export function appEnvironment(
  args: Pick<WorkerArgs, "serverUrl" | "origin" | "keys">,
): pulumi.Output<Record<string, string>> {
  const { keys, ...plain } = args;
  return pulumi.secret(keys).apply((keys) => appVariables({ ...plain, keys }));
}

/**
 * A worker that connects is taken down before its server, which waits up to half a minute for its connections to close
 * (26 s measured on 1.43.0). One that is called starts beside its server, which saves time.
 */
export function workerOptions(
  transport: WorkerArgs["transport"],
  server: pulumi.Resource,
  opts: pulumi.ComponentResourceOptions,
): pulumi.ComponentResourceOptions {
  return transport === "connect" ? pulumi.mergeOptions(opts, { dependsOn: server }) : opts;
}
