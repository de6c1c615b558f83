import { scopes, supervisors } from "../host/supervisors/service.ts";
import { profiles } from "./profile.ts";

export const tiers = ["process", "docker", "kubernetes", "cluster"] as const;
export type Tier = (typeof tiers)[number];

/** What every setting has, whatever its kind. */
interface Meaning {
  /** What it decides, for people: Markdown, without a capital letter at the start and without a full stop. */
  text: string;
  /** Value of a stack that does not set it; empty for "not set". */
  default: string;
  /** Tiers that look at it. @default all */
  tiers?: readonly Tier[] | undefined;
}

/** One setting of a stack. */
export type SettingSpec = Meaning &
  (
    | { kind: "choice"; of: readonly [string, ...string[]] }
    | { kind: "whole"; lowest: number; highest: number }
    | { kind: "flag" | "days" | "path" | "image" | "text" | "object" | "secret" }
  );

/** One of some values, the first of them by default. */
const choice = <const Of extends readonly [string, ...string[]]>(text: string, of: Of, tiers?: readonly Tier[]) =>
  ({ kind: "choice", of, text, default: of[0], tiers }) as const;

/** `true` or `false`. */
const flag = (text: string, tiers?: readonly Tier[]) => ({ kind: "flag", text, default: "true", tiers }) as const;

/** A whole number, both ends included. */
const whole = (text: string, [lowest, highest]: [number, number], usual: number, tiers?: readonly Tier[]) =>
  ({ kind: "whole", lowest, highest, text, default: String(usual), tiers }) as const;

/** Days such as `30d`, or `off`. */
const days = (text: string, usual: string) => ({ kind: "days", text, default: usual }) as const;

/** An absolute path. */
const path = (text: string, tiers?: readonly Tier[]) => ({ kind: "path", text, default: "", tiers }) as const;

/** A container image. */
const image = (text: string, usual: string, tiers: readonly Tier[]) =>
  ({ kind: "image", text, default: usual, tiers }) as const;

const text = (text: string, usual = "", tiers?: readonly Tier[]) =>
  ({ kind: "text", text, default: usual, tiers }) as const;

/** An object, set with `pulumi config set --path`. */
const object = (text: string, usual: "{}" | "" = "", tiers?: readonly Tier[]) =>
  ({ kind: "object", text, default: usual, tiers }) as const;

/** A text that may only be given encrypted. */
const secret = (text: string, tiers?: readonly Tier[]) => ({ kind: "secret", text, default: "", tiers }) as const;

const containers = ["docker", "kubernetes", "cluster"] as const;
const clusters = ["kubernetes", "cluster"] as const;

/**
 * Every setting of a stack, by its key without the namespace `inngest-local:`. `npm run docs` generates Pulumi.yaml's
 * `config` block and the tables of settings from it.
 */
export const schema = {
  tier: choice(
    "where the server runs: `process` (on this machine), `docker`, `kubernetes` (one server) or `cluster` (several servers)",
    tiers,
  ),
  durable: flag("keep runs in flight in a dedicated queue; on Docker also keep the history, in named volumes", [
    "process",
    "docker",
  ]),
  profile: choice(
    "what the stack is tuned for: `balanced`, `latency` or `throughput`; docs/performance.md has the figures",
    profiles,
  ),
  port: whole(
    "port of the server on 127.0.0.1; the stack also takes the three ports after it (Connect)",
    [1, 65_535 - 3],
    8288,
  ),
  workerPort: whole("port of the worker on 127.0.0.1", [1, 65_535], 3111),
  workerDir: text("folder of the worker, with a package.json whose `main` names the entry", "worker"),
  workerPlacement: choice("where the worker runs: `host`, or `container` (not on the process tier)", [
    "host",
    "container",
  ]),
  workerImage: text(
    "image of the worker, pushed where the cluster can pull it or imported into its nodes",
    "",
    clusters,
  ),
  runtime: choice("what runs the worker: `node`, `bun`, or `external` for your own app at `workerUrl`", [
    "node",
    "bun",
    "external",
  ]),
  transport: choice(
    "how work reaches the worker: `serve` (the server calls it) or `connect` (it connects to the server)",
    ["serve", "connect"],
  ),
  workerUrl: text("with `runtime: external`, the app's Inngest endpoint, such as http://localhost:3000/api/inngest"),
  workerEnv: object(
    "more variables for the worker, such as AI_BASE_URL; set each with `--secret --path workerEnv.NAME`",
    "{}",
  ),
  serverBinary: path(
    "absolute path of the `inngest` binary; by default the one on PATH, else one that `npm start` fetches",
    ["process"],
  ),
  queueBinary: path(
    "absolute path of `valkey-server` or `redis-server` (7.0 or newer) for the queue; by default the one on PATH",
    ["process"],
  ),
  serverImage: image("image of the server", "inngest/inngest:v1.43.0", containers),
  queueImage: image(
    "image of the Redis queue (on Docker only where `durable` is true)",
    "redis:7.2.16-alpine",
    containers,
  ),
  retention: days("how long runs that have ended are kept, in days such as 30d; `off` keeps them forever", "30d"),
  backupEvery: text("how often the stack is backed up automatically, such as 24h; `off` for never", "off"),
  backupKeep: whole("how many of the newest backups an automatic backup keeps", [1, 10_000], 14),
  backupDir: path(
    "absolute folder of the backups, preferably on another disk; by default in the platform's data folder",
  ),
  upkeepImage: image(
    "image with Node in which sweep, backup and restore work on the data",
    "node:24.21.0-bookworm-slim",
    containers,
  ),
  gatewayImage: image("image of the gateway, Caddy", "caddy:2.11.9-alpine", containers),
  gateway: object(
    "a public name of the gateway (`url`); on Docker also `certificate` and `key`, or `email` (ACME), and `listen`",
    "",
    containers,
  ),
  dashboard: flag("serve the dashboard and GraphQL"),
  redisUrl: secret("your own Redis for queue and run state (append-only, noeviction); the tier then starts none"),
  databaseImage: image("image of Postgres", "postgres:17.6-bookworm", ["cluster"]),
  postgresUrl: secret("your own Postgres for the history; the tier then starts none", ["cluster"]),
  dockerContext: text("Docker context; by default the current one of the `docker` command"),
  kubeContext: text(
    "context of the kubeconfig; required, because the current one may be another cluster's",
    "",
    clusters,
  ),
  kubeconfig: path("absolute path of the kubeconfig; by default kubectl's own", clusters),
  exposure: choice(
    "how the dashboard is reached: `port-forward`, `nodePort` (tier kubernetes) or `ingress`",
    ["port-forward", "nodePort", "ingress"],
    clusters,
  ),
  nodePort: whole("port of the nodes with `exposure: nodePort`, 30000 to 32767", [30_000, 32_767], 30288, [
    "kubernetes",
  ]),
  ingress: object(
    "with `exposure: ingress`, its `url`, and optionally `className`, `tlsSecret` and `annotations`",
    "",
    clusters,
  ),
  storageSize: text("size of each data claim", "5Gi", clusters),
  storageClass: text("storage class of the data claims; by default the cluster's own", "", clusters),
  replicas: whole("number of servers", [2, 20], 2, ["cluster"]),
  autoscaler: choice(
    "what scales the workers: `cpu` (Kubernetes itself) or `keda` (by the queue; KEDA is yours to install)",
    ["cpu", "keda"],
    ["cluster"],
  ),
  maxWorkers: whole("highest number of workers", [2, 1000], 10, ["cluster"]),
  dataDir: path("absolute folder for data and logs; by default one folder per stack in the platform's data folder"),
  protectData: flag("`pulumi destroy` keeps the data volumes", containers),
  supervisor: choice(
    "what restarts host processes after a crash and a reboot: `launchd`, `systemd`, `none`, or `auto`",
    ["auto", ...supervisors],
  ),
  supervisorScope: choice(
    "whose supervisor: `user` (launchd agent, systemd user unit) or `system` (daemon, system unit; as root)",
    scopes,
  ),
  keys: object(
    "`generation` of the generated keys and `step` of their rotation; written by `npm run keys` (docs/keys.md)",
    "{}",
  ),
  keysFrom: text("stack whose keys this one uses instead of its own"),
  signingKey: secret("your own signing key: hex, even length, no `signkey-` prefix"),
  eventKey: secret("your own event key"),
} satisfies Record<string, SettingSpec>;

export type SettingKey = keyof typeof schema;

/** Keys of the settings of one kind. */
export type KeyOf<K extends SettingSpec["kind"]> = {
  [Key in SettingKey]: (typeof schema)[Key]["kind"] extends K ? Key : never;
}[SettingKey];

/** Values of a setting that is a choice. */
export type Choice<Key extends KeyOf<"choice">> = (typeof schema)[Key]["of"][number];

export const settingKeys = Object.keys(schema) as SettingKey[];

/** Keys whose values may only be given encrypted. */
export const secretKeys = settingKeys.filter((key): key is KeyOf<"secret"> => schema[key].kind === "secret");
