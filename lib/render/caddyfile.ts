import {
  ambiguousPath,
  connectionPath,
  connectPaths,
  guardedPaths,
  guardedPublishingPaths,
  keyedPaths,
  type Passing,
  publishingPaths,
} from "./routes.ts";

/** A name of the door beyond this machine. */
export interface PublicName {
  /** Origin that people and workers elsewhere use, such as `https://inngest.example.org`. */
  url: string;
  /**
   * Who ends TLS: something in front of the door, or the door itself, with a certificate's files or with one that it
   * gets by ACME for an e-mail address.
   */
  tls: "elsewhere" | { certificate: string; key: string } | { acme: string };
}

/** Absolute paths of files that a server puts up before it stops, and takes down when it is healthy again. */
export interface StopSigns {
  /** There while it is not to be given events. */
  stopping: string;
  /** There as well when it is about to go: from then on not even the steps that it waits for may send any. */
  leaving: string;
}

export interface GatewayOptions extends Passing {
  /** Name of the server in the network. */
  server: string;
  /** Files by which it says that it stops. @default none: nothing leads to it by then */
  signs?: StopSigns | undefined;
  /** The door's own names in the network. */
  names: string[];
  publicName?: PublicName | undefined;
  /** bcrypt hash of the password of {@link dashboardUser}. */
  passwordHash: string;
  /** Serve the metrics, and nothing else, without a password on a port of their own. */
  openMetrics?: boolean | undefined;
}

/** Ports within the gateway's container; `waiting` and `stopping` are on its own loopback. */
export const gatewayPorts = { http: 8288, https: 8443, metrics: 8289, ready: 8290, waiting: 8291, stopping: 8292 };

export const dashboardUser = "admin";

/** Names by which this machine, and a container on it, call this machine. */
const loopbackNames = ["localhost", "127.0.0.1", "[::1]", "host.docker.internal"];

/**
 * The front door as a Caddyfile, for Caddy 2.6 and later. A path that paths.ts does not name is 404, a Host that is not
 * the door's is 421, whatever a browser was led to resolve. An event that meets no server waits for one.
 */
export function renderCaddyfile(options: GatewayOptions): string {
  const { server, signs, publicName } = options;
  const api = `${server}:8288`;
  const onLoopback = [...loopbackNames, ...options.names].map((name) => `http://${name}:${gatewayPorts.http}`);
  return [
    globalOptions(publicName),
    block("(streaming)", ["flush_interval -1", "header_up -Forwarded", "header_up -Grpc-Metadata-*"]),
    block("(server)", proxy(api)),
    block("(publish)", publishing(api, signs)),
    block("(door)", door(options, api)),
    site(onLoopback, "http://{http.request.hostport}"),
    ...(publicName ? [publicSite(publicName)] : []),
    block(`http://:${gatewayPorts.http}`, ["respond 421"]),
    block(`http://:${gatewayPorts.ready}`, ["respond 200"]),
    ...(options.openMetrics ? [metricsSite] : []),
    ...(signs ? waitingSites(signs, api) : []),
  ]
    .map((lines) => `${lines.join("\n")}\n`)
    .join("\n");
}

function globalOptions(name: PublicName | undefined): string[] {
  const endsTls = name !== undefined && name.tls !== "elsewhere";
  return block("", [
    "admin off",
    ...(endsTls ? ["auto_https disable_redirects", `https_port ${gatewayPorts.https}`] : ["auto_https off"]),
    "grace_period 10s",
    // What the proxy logs of a failed request has its path, and with it the event key.
    ...block("log", ["level WARN", "exclude http.log.error http.handlers.reverse_proxy"]),
    ...block("servers", [
      ...block("timeouts", ["read_header 10s", "read_body 60s", "idle 2m"]),
      "max_header_size 32KB",
      // Over TLS too, a name that is not the door's is refused rather than given an empty page.
      ...(endsTls ? ["strict_sni_host on"] : []),
    ]),
  ]);
}

/** Waits for a server that is away, and tries it that often. */
function patience(seconds: number, everyMs = 250): string[] {
  return [`lb_try_duration ${seconds}s`, `lb_try_interval ${everyMs}ms`];
}

/** Longer than a planned restart takes, and shorter than most senders wait. */
const longSeconds = 20;
const long = patience(longSeconds);

/** Of several servers a connection that is kept could lead to one that is about to stop. */
const fresh = block("transport http", ["dial_timeout 2s", "keepalive off"]);

/** How events get to the server. */
function publishing(api: string, signs: StopSigns | undefined): string[] {
  return [
    "# Of a running step, by the trace that its call had. The server waits for its steps before it stops, so that a",
    "# step which waits for a server would be waited for until both are killed.",
    "@inStep header traceparent *",
    ...block("route @inStep", [
      ...(signs ? [...block(`@leaving file ${signs.leaving}`, ["root /"]), "respond @leaving 503"] : []),
      ...proxy(api, [...patience(5), ...fresh]),
    ]),
    ...(signs ? proxy(`127.0.0.1:${gatewayPorts.waiting}`, whenNotStopping) : proxy(api, [...long, ...fresh])),
  ];
}

/** To look costs little here: nobody is asked but the door itself. */
const lookMs = 100;

const whenNotStopping = [
  ...patience(longSeconds, lookMs),
  "health_uri /",
  `health_port ${gatewayPorts.stopping}`,
  `health_interval ${lookMs}ms`,
  "# Nothing is sent twice: what is behind this answers, whatever becomes of the server.",
  ...block("lb_retry_match", ["method POST"]),
  ...fresh,
];

function proxy(to: string, more: string[] = []): string[] {
  return block(`reverse_proxy ${to}`, ["import streaming", ...more]);
}

/** Where events wait while the server is stopping, and what tells whether it is. */
function waitingSites({ stopping }: StopSigns, api: string): string[][] {
  const onLoopback = (port: number, lines: string[]) => block(`http://:${port}`, ["bind 127.0.0.1", ...lines]);
  return [
    onLoopback(gatewayPorts.waiting, proxy(api, [...long, ...fresh])),
    onLoopback(gatewayPorts.stopping, [
      ...block(`@stopping file ${stopping}`, ["root /"]),
      "respond @stopping 503",
      "respond 200",
    ]),
  ];
}

const metricsSite = block(`http://:${gatewayPorts.metrics}`, [
  ...block("handle /metrics", ["import server"]),
  "respond 404",
]);

function door(options: GatewayOptions, api: string): string[] {
  // Not `handle`, which puts what is in it into an order of Caddy's own: a refusal after what it is to refuse.
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
        "# The server itself tells whether that is its signing key.",
        ...block(`forward_auth ${api}`, ["uri /v2/apps?limit=1"]),
        "import server",
      ]),
      ...when("guarded", guardedPaths(options), [
        "# A page elsewhere could use the password that the browser keeps.",
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
        ...when("guardedPublishing", guardedPublishingPaths, ["import publish"]),
        "import server",
      ]),
      ...when("publishing", publishingPaths, ["import publish"]),
      ...(options.connect
        ? [
            ...when("connect", connectPaths, ["import server"]),
            ...when("connection", connectionPath, [
              "# Workers are no browsers.",
              ...block("@page", ["header Origin *"]),
              "respond @page 403",
              ...proxy(`${options.server}:8289`),
            ]),
          ]
        : []),
      ...when("keyed", keyedPaths, ["import server"]),
      "respond 404",
    ]),
    ...block("handle_errors", [
      "# A body that breaks off within its own encoding is its sender's fault.",
      '@broken expression {http.error.message}.contains("chunk")',
      "respond @broken 400",
      "@away expression {http.error.status_code} >= 502",
      "header @away Retry-After 5",
      'respond "{http.error.status_text}" {http.error.status_code}',
    ]),
  ];
}

/** A site with the door behind it, whose own pages have that origin. */
function site(addresses: string[], origin: string, more: string[] = []): string[] {
  return block(addresses.join(", "), [
    ...more,
    ...block("@foreign", ["header Origin *", `not header Origin ${origin}`]),
    "import door",
  ]);
}

function publicSite({ url, tls }: PublicName): string[] {
  const { hostname, origin } = new URL(url);
  if (tls === "elsewhere") return site([`http://${hostname}:${gatewayPorts.http}`], origin);
  const certificate = "acme" in tls ? tls.acme : `${tls.certificate} ${tls.key}`;
  return site([`https://${hostname}:${gatewayPorts.https}`], origin, [`tls ${certificate}`]);
}

/** Lines in braces, as `caddy fmt` wants them. */
function block(head: string, lines: string[]): string[] {
  return [head ? `${head} {` : "{", ...lines.map((line) => `\t${line}`), "}"];
}
