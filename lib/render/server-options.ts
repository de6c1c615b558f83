import { type Profile, profileSettings } from "../settings/profile.ts";

/** What `inngest start` is told on every tier. */
export interface ServerOptions {
  /** Address of the API and dashboard; Connect's ports ignore it and listen everywhere (measured on 1.43.0). */
  host: string;
  /** API and dashboard. */
  port: number;
  /** Connect's WebSocket gateway. */
  connectGatewayPort: number;
  connectGatewayGrpcPort: number;
  connectExecutorGrpcPort: number;
  /** Folder of `main.db`, which holds the history where no Postgres does. */
  sqliteDir: string;
  /** History in Postgres. @default SQLite */
  postgresUrl?: string | undefined;
  /** Connections to Postgres that the server opens at most, and keeps. @default 100 and 10, the server's own */
  postgresConnections?: number | undefined;
  signingKey: string;
  /** With each of them events are taken. */
  eventKeys: string[];
  /** Queue and run state; without it both live in memory and go with the process, even on a clean stop. */
  redisUrl?: string | undefined;
  /** The worker's endpoint, which the server registers at its own start. */
  sdkUrl: string;
  /** What it is tuned for. */
  profile: Profile;
  /** Serve dashboard and GraphQL. */
  dashboard: boolean;
}

/** Flags of `inngest start` and their values, by flag name: the keys of its configuration file. */
export function serverFlags(options: ServerOptions): Record<string, string | number | boolean | string[]> {
  return {
    host: options.host,
    port: options.port,
    "connect-gateway-port": options.connectGatewayPort,
    "connect-gateway-grpc-port": options.connectGatewayGrpcPort,
    "connect-executor-grpc-port": options.connectExecutorGrpcPort,
    "sqlite-dir": options.sqliteDir,
    "signing-key": options.signingKey,
    "event-key": options.eventKeys,
    "sdk-url": [options.sdkUrl],
    tick: profileSettings[options.profile].tick,
    ...(options.dashboard ? {} : { "no-ui": true }),
    ...(options.redisUrl ? { "redis-uri": options.redisUrl } : {}),
    ...(options.postgresUrl ? { "postgres-uri": options.postgresUrl } : {}),
    ...(options.postgresConnections
      ? {
          "postgres-max-open-conns": options.postgresConnections,
          // By default the server keeps 10 of them. A burst then ends and opens connections all the time, each of them a process
          // that Postgres starts, and Postgres takes three times the processor time (1.43.0). Unused ones go after 5 minutes.
          "postgres-max-idle-conns": options.postgresConnections,
        }
      : {}),
  };
}

/** The same as environment variables, for containers. */
export function serverEnvironment(options: ServerOptions): Record<string, string> {
  const flags = Object.entries(serverFlags(options)).map(([flag, value]) => [
    `INNGEST_${flag.toUpperCase().replaceAll("-", "_")}`,
    String(value),
  ]);
  return { ...Object.fromEntries(flags), ...commonVariables };
}

/** The same as the text of `inngest.json`, for hosts. */
export function renderServerConfig(options: ServerOptions): string {
  return `${JSON.stringify(serverFlags(options), null, 2)}\n`;
}

/**
 * At its default level `info` the server logs every event with its payload. Without the experimental variable its
 * metrics are the depth of the queue alone.
 */
export const commonVariables = {
  LOG_LEVEL: "warn",
  DO_NOT_TRACK: "1",
  INNGEST_EXPERIMENTAL_PROM_METRICS: "1",
} as const;
