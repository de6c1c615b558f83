/** What a stack lets through its door beside what always passes. */
export interface Passing {
  /** Dashboard and GraphQL. */
  dashboard: boolean;
  /** Workers that open a connection. */
  connect: boolean;
}

/**
 * Paths that the door and the server could read as different ones: doubled slashes, dot segments, and what is only a
 * slash, a dot, a backslash or a control character once it is decoded. On the raw path and query.
 */
export const ambiguousPath = String.raw`^[^?]*(//|/\\.\\.?(/|[?]|$)|\\\\|%2[eEfF]|%5[cC]|%[01]|%7[fF])`;

/** Those that need a key which the server checks: the event key in the path, or the signing key in a header. */
export const keyedPaths = pattern([
  "/health",
  // Registration and removal of apps; below /fn, too, the server answers what it does not know with the dashboard.
  "/fn/(register|remove|step-limit|state-size-limit)",
  "/v1/.+",
  "(/api)?/v2/.+",
  // What SDKs ask for when a run's state is too large for a request.
  "/v0/runs/.+",
]);

/**
 * Those of the same kind by which an event comes to be. The server says yes before it has stored one, so while it is
 * about to stop they wait for the next.
 */
export const publishingPaths = pattern([
  "/e/[A-Za-z0-9._~-]+",
  "(/api)?/v2/apps/.+/invoke",
  "(/api)?/v2/runs/[^/]+/rerun",
]);

/** How a worker asks where to connect; then it opens {@link connectionPath}. */
export const connectPaths = pattern(["/v0/connect/(start|flush)"]);
export const connectionPath = pattern(["/v0/connect"]);

/** Those that the server answers to anybody: they need the password here. */
export function guardedPaths({ dashboard }: Passing): string {
  return pattern([
    "/invoke/[^/]+",
    "/mcp(/.*)?",
    // The tools of MCP once more.
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

/** Of them, those by which an event may come to be. */
export const guardedPublishingPaths = pattern(["/invoke/[^/]+", "/mcp(/.*)?", "/v0/gql"]);

function pattern(paths: string[]): string {
  return `^(${paths.join("|")})$`;
}
