import { type Profile, profileSettings } from "../settings/profile.ts";

/** Options of `inngest start` on every tier. `Folder` is how its data folder is named. */
export interface ServerOptions<Folder = string> {
  /** Address of the API and dashboard. Connect's ports ignore it and listen everywhere. */
  host: string;
  /** Port of API and dashboard. */
  port: number;
  /** Port of Connect's WebSocket gateway. */
  connectGatewayPort: number;
  connectGatewayGrpcPort: number;
  connectExecutorGrpcPort: number;
  /** Folder of `main.db`, which holds the history where no Postgres does. */
  sqliteDir: Folder;
  /** Database of the history. @default SQLite */
  postgresUrl?: string | undefined;
  /** Connections to Postgres that the server opens at most, and keeps. @default 100 and 10, the server's own */
  postgresConnections?: number | undefined;
  signingKey: string;
  /** Each of them is accepted with an event. */
  eventKeys: string[];
  /** Redis for queue and run state. @default memory: both are lost when the process ends, even cleanly */
  redisUrl?: string | Folder | undefined;
  /** The worker's endpoint, which the server registers when it starts. */
  sdkUrl: string;
  profile: Profile;
  /** Serve dashboard and GraphQL. */
  dashboard: boolean;
}

/** Flags of `inngest start` by name: the keys of its configuration file. */
export function serverFlags<Folder = string>(
  options: ServerOptions<Folder>,
): Record<string, string | number | boolean | string[] | Folder> {
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
          // With the server's default of 10 a burst opens and closes connections all the time, each of them a process
          // that Postgres starts, for three times its processor time. Unused ones are closed after 5 minutes.
          "postgres-max-idle-conns": options.postgresConnections,
        }
      : {}),
  };
}

/** {@link serverFlags} as environment variables. */
export function serverEnvironment(options: ServerOptions): Record<string, string> {
  const flags = Object.entries(serverFlags(options)).map(([flag, value]) => [
    `INNGEST_${flag.toUpperCase().replaceAll("-", "_")}`,
    String(value),
  ]);
  return { ...Object.fromEntries(flags), ...commonVariables };
}

/** {@link serverFlags} as the text of a configuration file. */
export function renderServerConfig(options: ServerOptions): string {
  return `${JSON.stringify(serverFlags(options), null, 2)}\n`;
}

/**
 * Variables of every server. At its default level `info` it logs every event with its payload; without the experimental
 * variable its only metric is the depth of the queue.
 */
export const commonVariables = {
  LOG_LEVEL: "warn",
  DO_NOT_TRACK: "1",
  INNGEST_EXPERIMENTAL_PROM_METRICS: "1",
} as const;
