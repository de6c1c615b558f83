/** Routes that the gateway exposes only where a stack wants them. */
export interface ExposedRoutes {
  /** Dashboard and GraphQL. */
  dashboard: boolean;
  /** Connect, for workers that open a connection. */
  connect: boolean;
}

/**
 * Matches a raw path with query that gateway and server could read differently: doubled slashes, dot segments, and
 * encoded slashes, dots, backslashes and control characters.
 */
export const ambiguousPath = String.raw`^[^?]*(//|/\\.\\.?(/|[?]|$)|\\\\|%2[eEfF]|%5[cC]|%[01]|%7[fF])`;

/** Paths that need a key which the server checks: the event key in the path, or the signing key in a header. */
export const keyAuthenticatedPaths = pattern([
  "/health",
  // Registration and removal of apps. Below /fn, too, the server answers unknown paths with the dashboard.
  "/fn/(register|remove|step-limit|state-size-limit)",
  "/v1/.+",
  "(/api)?/v2/.+",
  // SDKs read it when a run's state is too large for a request.
  "/v0/runs/.+",
]);

/**
 * Paths of the same kind that send events. The server accepts an event before it has stored it, so while it is about to
 * stop these requests wait for the next server.
 */
export const publishingPaths = pattern([
  "/e/[A-Za-z0-9._~-]+",
  "(/api)?/v2/apps/.+/invoke",
  "(/api)?/v2/runs/[^/]+/rerun",
]);

/** Paths at which a worker asks where to connect. It then opens {@link connectionPath}. */
export const connectPaths = pattern(["/v0/connect/(start|flush)"]);
export const connectionPath = pattern(["/v0/connect"]);

/** Paths that the server answers without asking for a key: here they need the password. */
export function passwordPaths({ dashboard }: ExposedRoutes): string {
  return pattern([
    "/invoke/[^/]+",
    "/mcp(/.*)?",
    // The tools of MCP over HTTP.
    "(/api)?/v2/operations(/.*)?",
    "/metrics",
    ...(dashboard
      ? [
          "/",
          "/v0/?",
          "/v0/(gql|telemetry)",
          "/dev",
          "/(ai|apps|debugger|event|events|functions|run|runs)(/.*)?",
          "/(assets|images)/.+",
          String.raw`/[^/]+\.(ico|jpg|json|png|svg|txt|webmanifest)`,
        ]
      : []),
  ]);
}

/** Those of them that may send an event. */
export const passwordPublishingPaths = pattern(["/invoke/[^/]+", "/mcp(/.*)?", "/v0/gql"]);

function pattern(paths: string[]): string {
  return `^(${paths.join("|")})$`;
}
