import type { WorkerKeys } from "../stack/key-rotation.ts";

/** What a worker needs to know, wherever it runs. */
export interface WorkerSpec {
  /** URL at which the worker reaches the server. */
  serverUrl: string;
  /** URL at which the server reaches the worker, without a path. */
  origin: string;
  port: number;
  /** `serve`: the server calls the worker. `connect`: the worker opens a connection to the server. */
  transport: "serve" | "connect";
  /**
   * URL of the server's Connect gateway, where the one that the server announces is out of reach. @default the
   * announced one
   */
  connectGatewayUrl?: string | undefined;
  /** Keys with which the worker signs, verifies and sends. */
  keys: WorkerKeys;
  /** Redis for state that functions share. @default none: the worker reports which of its features are off */
  redisUrl?: string | undefined;
  /** Steps whose results the worker stores in one call. @default 1, each before the next one begins */
  checkpointSteps?: number | undefined;
  /** More variables, which take precedence. */
  variables: Record<string, string>;
}

/**
 * A worker's environment variables. INNGEST_DEV is not among them: it turns off the check of the server's signature,
 * and INNGEST_BASE_URL alone keeps the SDK from Inngest Cloud.
 */
export function renderWorkerVariables(spec: WorkerSpec): Record<string, string> {
  return {
    ...renderAppVariables(spec),
    PORT: String(spec.port),
    TRANSPORT: spec.transport,
    ...(spec.connectGatewayUrl && { INNGEST_CONNECT_GATEWAY_URL: spec.connectGatewayUrl }),
    ...(spec.redisUrl && { REDIS_URL: spec.redisUrl }),
    ...((spec.checkpointSteps ?? 1) > 1 && { CHECKPOINT_STEPS: String(spec.checkpointSteps) }),
    ...spec.variables,
  };
}

/** The variables by which an app of the user's own becomes a stack's worker. */
export function renderAppVariables(spec: Pick<WorkerSpec, "serverUrl" | "origin" | "keys">): Record<string, string> {
  const { signingKey, signingKeyFallback, eventKey } = spec.keys;
  return {
    INNGEST_BASE_URL: spec.serverUrl,
    INNGEST_SERVE_ORIGIN: spec.origin,
    INNGEST_SIGNING_KEY: signingKey,
    ...(signingKeyFallback && { INNGEST_SIGNING_KEY_FALLBACK: signingKeyFallback }),
    INNGEST_EVENT_KEY: eventKey,
  };
}
