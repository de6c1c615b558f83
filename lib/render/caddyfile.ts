import {
  ambiguousPath,
  connectionPath,
  connectPaths,
  type ExposedRoutes,
  keyAuthenticatedPaths,
  passwordPaths,
  passwordPublishingPaths,
  publishingPaths,
} from "./routes.ts";

/** A name of the gateway beyond this machine. */
export interface PublicName {
  /** Origin that people and workers elsewhere use, such as `https://inngest.example.org`. */
  url: string;
  /**
   * What terminates TLS: something in front of the gateway, or the gateway itself, with the files of a certificate or
   * with one that it gets by ACME for an e-mail address.
   */
  tls: "elsewhere" | { certificate: string; key: string } | { acme: string };
}

/** Absolute paths of files that a server creates before it stops, and deletes when it is healthy again. */
export interface DrainMarkers {
  /** Exists while the server must not get events from outside. */
  draining: string;
  /** Exists in addition while it must not even get events of the steps that it waits for. */
  stopping: string;
}

export interface GatewayOptions extends ExposedRoutes {
  /** Name of the server in the network. */
  server: string;
  /** Files by which the server announces that it stops. @default none: by then nothing leads to it */
  drainMarkers?: DrainMarkers | undefined;
  /** The gateway's own names in the network. */
  names: string[];
  publicName?: PublicName | undefined;
  /** bcrypt hash of {@link dashboardUser}'s password. */
  passwordHash: string;
  /** Serve the metrics without a password, on a port of their own. @default false */
  openMetrics?: boolean | undefined;
}

/** Ports within the gateway's container; `waiting` and `draining` listen on its loopback only. */
export const gatewayPorts = { http: 8288, https: 8443, metrics: 8289, ready: 8290, waiting: 8291, draining: 8292 };

export const dashboardUser = "admin";

/** Names of this machine, for itself and for containers on it. */
const loopbackNames = ["localhost", "127.0.0.1", "[::1]", "host.docker.internal"];

/**
 * The gateway as a Caddyfile, for Caddy 2.6 and later. A path that routes.ts does not name gets 404, and a Host that is
 * not the gateway's gets 421, which defeats DNS rebinding. An event waits while there is no server.
 */
export function renderCaddyfile(options: GatewayOptions): string {
  const { server, drainMarkers, publicName } = options;
  const api = `${server}:8288`;
  const onLoopback = [...loopbackNames, ...options.names].map((name) => `http://${name}:${gatewayPorts.http}`);
  return [
    globalOptions(publicName),
    block("(streaming)", ["flush_interval -1", "header_up -Forwarded", "header_up -Grpc-Metadata-*"]),
    block("(server)", proxy(api)),
    block("(publish)", publishing(api, drainMarkers)),
    block("(gateway)", gateway(options, api)),
    site(onLoopback, "http://{http.request.hostport}"),
    ...(publicName ? [publicSite(publicName)] : []),
    block(`http://:${gatewayPorts.http}`, ["respond 421"]),
    block(`http://:${gatewayPorts.ready}`, ["respond 200"]),
    ...(options.openMetrics ? [metricsSite] : []),
    ...(drainMarkers ? waitingSites(drainMarkers, api) : []),
  ]
    .map((lines) => `${lines.join("\n")}\n`)
    .join("\n");
}

function globalOptions(name: PublicName | undefined): string[] {
  const terminatesTls = name !== undefined && name.tls !== "elsewhere";
  return block("", [
    "admin off",
    ...(terminatesTls ? ["auto_https disable_redirects", `https_port ${gatewayPorts.https}`] : ["auto_https off"]),
    "grace_period 10s",
    // The proxy would log the path of a failed request, and with it the event key.
    ...block("log", ["level WARN", "exclude http.log.error http.handlers.reverse_proxy"]),
    ...block("servers", [
      ...block("timeouts", ["read_header 10s", "read_body 60s", "idle 2m"]),
      "max_header_size 32KB",
      // Over TLS too, a name that is not the gateway's is refused rather than answered with an empty page.
      ...(terminatesTls ? ["strict_sni_host on"] : []),
    ]),
  ]);
}

/** Retries for as long as the server is away. */
function retry(seconds: number, everyMs = 250): string[] {
  return [`lb_try_duration ${seconds}s`, `lb_try_interval ${everyMs}ms`];
}

/** Longer than a planned restart takes, and shorter than most senders' timeouts. */
const retrySeconds = 20;
const retryLong = retry(retrySeconds);

/** With several servers, a connection that is kept alive could lead to one that is about to stop. */
const newConnection = block("transport http", ["dial_timeout 2s", "keepalive off"]);

/** How events reach the server. */
function publishing(api: string, markers: DrainMarkers | undefined): string[] {
  return [
    "# Sent by a running step, as the trace of its call shows. The server waits for its steps before it stops, so a step",
    "# that waited for a server would keep it waiting until both are killed.",
    "@inStep header traceparent *",
    ...block("route @inStep", [
      ...(markers ? [...block(`@stopping file ${markers.stopping}`, ["root /"]), "respond @stopping 503"] : []),
      ...proxy(api, [...retry(5), ...newConnection]),
    ]),
    ...(markers
      ? proxy(`127.0.0.1:${gatewayPorts.waiting}`, unlessDraining)
      : proxy(api, [...retryLong, ...newConnection])),
  ];
}

/** Short, because these checks stay within the gateway. */
const checkMs = 100;

const unlessDraining = [
  ...retry(retrySeconds, checkMs),
  "health_uri /",
  `health_port ${gatewayPorts.draining}`,
  `health_interval ${checkMs}ms`,
  "# Nothing is sent twice: the site behind this answers whether or not there is a server.",
  ...block("lb_retry_match", ["method POST"]),
  ...newConnection,
];

function proxy(to: string, more: string[] = []): string[] {
  return block(`reverse_proxy ${to}`, ["import streaming", ...more]);
}

/** The site through which events pass unless the server drains, and the health check that holds them back. */
function waitingSites({ draining }: DrainMarkers, api: string): string[][] {
  const onLoopback = (port: number, lines: string[]) => block(`http://:${port}`, ["bind 127.0.0.1", ...lines]);
  return [
    onLoopback(gatewayPorts.waiting, proxy(api, [...retryLong, ...newConnection])),
    onLoopback(gatewayPorts.draining, [
      ...block(`@draining file ${draining}`, ["root /"]),
      "respond @draining 503",
      "respond 200",
    ]),
  ];
}

const metricsSite = block(`http://:${gatewayPorts.metrics}`, [
  ...block("handle /metrics", ["import server"]),
  "respond 404",
]);

function gateway(options: GatewayOptions, api: string): string[] {
  // Not `handle`, in which Caddy sorts the directives: a refusal would come after what it has to refuse.
  const when = (name: string, paths: string, lines: string[]) => [
    `@${name} path_regexp ${paths}`,
    ...block(`route @${name}`, lines),
  ];
  return [
    ...block("header", [
      "# The server lets pages of every origin read its answers.",
      "-Access-Control-*",
      "-Server",
      "X-Content-Type-Options nosniff",
      "X-Frame-Options DENY",
      "Referrer-Policy no-referrer",
      "defer",
    ]),
    ...block("request_body", ["max_size 32MB"]),
    ...block("route", [
      `@ambiguous expression {http.request.uri}.matches("${ambiguousPath}")`,
      "respond @ambiguous 404",
      ...block("@metered", ["path_regexp ^/metrics$", 'header Authorization "Bearer *"']),
      ...block("route @metered", [
        "# The server checks whether that is its signing key.",
        ...block(`forward_auth ${api}`, ["uri /v2/apps?limit=1"]),
        "import server",
      ]),
      ...when("withPassword", passwordPaths(options), [
        "# A page of another origin could use the password that the browser remembers.",
        "respond @foreign 403",
        ...block("@crossSite", [
          "header Sec-Fetch-Site *",
          "not header Sec-Fetch-Site same-origin",
          "not header Sec-Fetch-Site none",
          ...block("not", ["method GET", "header Sec-Fetch-Mode navigate"]),
        ]),
        "respond @crossSite 403",
        ...block("basicauth bcrypt inngest-local", [`${dashboardUser} ${options.passwordHash}`]),
        "request_header -Authorization",
        ...when("publishingWithPassword", passwordPublishingPaths, ["import publish"]),
        "import server",
      ]),
      ...when("publishing", publishingPaths, ["import publish"]),
      ...(options.connect
        ? [
            ...when("connect", connectPaths, ["import server"]),
            ...when("connection", connectionPath, [
              "# Only browsers send an Origin.",
              ...block("@page", ["header Origin *"]),
              "respond @page 403",
              ...proxy(`${options.server}:8289`),
            ]),
          ]
        : []),
      ...when("withKey", keyAuthenticatedPaths, ["import server"]),
      "respond 404",
    ]),
    ...block("handle_errors", [
      "# A body that ends in the middle of a chunk is the sender's fault.",
      '@broken expression {http.error.message}.contains("chunk")',
      "respond @broken 400",
      "@away expression {http.error.status_code} >= 502",
      "header @away Retry-After 5",
      'respond "{http.error.status_text}" {http.error.status_code}',
    ]),
  ];
}

/** A site of the gateway, whose own pages have that origin. */
function site(addresses: string[], origin: string, more: string[] = []): string[] {
  return block(addresses.join(", "), [
    ...more,
    ...block("@foreign", ["header Origin *", `not header Origin ${origin}`]),
    "import gateway",
  ]);
}

function publicSite({ url, tls }: PublicName): string[] {
  const { hostname, origin } = new URL(url);
  if (tls === "elsewhere") return site([`http://${hostname}:${gatewayPorts.http}`], origin);
  const certificate = "acme" in tls ? tls.acme : `${tls.certificate} ${tls.key}`;
  return site([`https://${hostname}:${gatewayPorts.https}`], origin, [`tls ${certificate}`]);
}

/** Lines in braces, formatted as `caddy fmt` does. */
function block(head: string, lines: string[]): string[] {
  return [head ? `${head} {` : "{", ...lines.map((line) => `\t${line}`), "}"];
}
