import { scopes, supervisors } from "../host/supervisors/service.ts";
import { profiles } from "./profile.ts";

export const tiers = ["process", "docker", "kubernetes", "cluster"] as const;
export type Tier = (typeof tiers)[number];

/** How a setting's value is written. */
type Kind =
  | { kind: "choice"; of: readonly [string, ...string[]] }
  /** `true` or `false`. */
  | { kind: "flag" }
  /** A whole number, both ends included. */
  | { kind: "whole"; lowest: number; highest: number }
  /** Days such as `30d`, or `off`. */
  | { kind: "days" }
  /** An absolute path. */
  | { kind: "path" }
  /** A container image. */
  | { kind: "image" }
  | { kind: "text" }
  /** An object, set with `pulumi config set --path`. */
  | { kind: "object" }
  /** A text that may only be given encrypted. */
  | { kind: "secret" };

/** One setting of a stack. */
export type SettingSpec = Kind & {
  /** What it decides, for people: Markdown, without a capital letter at the start and without a full stop. */
  text: string;
  /** Value of a stack that does not set it; empty for "not set". */
  default: string;
  /** Tiers that look at it. @default all */
  tiers?: readonly Tier[];
};

const containers = ["docker", "kubernetes", "cluster"] as const;
const clusters = ["kubernetes", "cluster"] as const;

/**
 * Every setting of a stack, by its key without the namespace `inngest-local:`. `npm run docs` generates Pulumi.yaml's
 * `config` block and the tables of settings from it.
 */
export const schema = {
  tier: {
    kind: "choice",
    of: tiers,
    default: "process",
    text: "where the server runs: `process` (on this machine), `docker`, `kubernetes` (one server) or `cluster` (several servers)",
  },
  durable: {
    kind: "flag",
    default: "true",
    tiers: ["docker"],
    text: "keep history and in-flight work, in named volumes and a Redis queue",
  },
  profile: {
    kind: "choice",
    of: profiles,
    default: "balanced",
    text: "what the stack is tuned for: `balanced`, `latency` or `throughput`; docs/performance.md has the figures",
  },
  port: {
    kind: "whole",
    lowest: 1,
    // Connect takes the three ports after it.
    highest: 65_535 - 3,
    default: "8288",
    text: "port of the server on 127.0.0.1; the stack also takes the three ports after it (Connect)",
  },
  workerPort: { kind: "whole", lowest: 1, highest: 65_535, default: "3111", text: "port of the worker on 127.0.0.1" },
  workerDir: {
    kind: "text",
    default: "worker",
    text: "folder of the worker, with a package.json whose `main` names the entry",
  },
  workerPlacement: {
    kind: "choice",
    of: ["host", "container"],
    default: "host",
    text: "where the worker runs: `host`, or `container` (not on the process tier)",
  },
  workerImage: {
    kind: "text",
    default: "",
    tiers: clusters,
    text: "image of the worker, pushed where the cluster can pull it or imported into its nodes",
  },
  runtime: {
    kind: "choice",
    of: ["node", "bun", "external"],
    default: "node",
    text: "what runs the worker: `node`, `bun`, or `external` for your own app at `workerUrl`",
  },
  transport: {
    kind: "choice",
    of: ["serve", "connect"],
    default: "serve",
    text: "how work reaches the worker: `serve` (the server calls it) or `connect` (it connects to the server)",
  },
  workerUrl: {
    kind: "text",
    default: "",
    text: "with `runtime: external`, the app's Inngest endpoint, such as http://localhost:3000/api/inngest",
  },
  workerEnv: {
    kind: "object",
    default: "{}",
    text: "more variables for the worker, such as AI_BASE_URL; set each with `--secret --path workerEnv.NAME`",
  },
  serverBinary: {
    kind: "path",
    default: "",
    tiers: ["process"],
    text: "absolute path of the `inngest` binary; by default the one on PATH, else npm's `inngest-cli`",
  },
  serverImage: { kind: "image", default: "inngest/inngest:v1.43.0", tiers: containers, text: "image of the server" },
  queueImage: {
    kind: "image",
    default: "redis:7.2.16-alpine",
    tiers: containers,
    text: "image of the Redis queue (on Docker only where `durable` is true)",
  },
  retention: {
    kind: "days",
    default: "30d",
    text: "how long runs that have ended are kept, in days such as 30d; `off` keeps them forever",
  },
  backupEvery: {
    kind: "text",
    default: "off",
    text: "how often the stack is backed up automatically, such as 24h; `off` for never",
  },
  backupKeep: {
    kind: "whole",
    lowest: 1,
    highest: 10_000,
    default: "14",
    text: "how many of the newest backups an automatic backup keeps",
  },
  backupDir: {
    kind: "path",
    default: "",
    text: "absolute folder of the backups, preferably on another disk; by default in the platform's data folder",
  },
  upkeepImage: {
    kind: "image",
    default: "node:24.21.0-bookworm-slim",
    tiers: containers,
    text: "image with Node in which sweep, backup and restore work on the data",
  },
  gatewayImage: {
    kind: "image",
    default: "caddy:2.11.9-alpine",
    tiers: containers,
    text: "image of the gateway, Caddy",
  },
  gateway: {
    kind: "object",
    default: "",
    tiers: containers,
    text: "a public name of the gateway (`url`); on Docker also `certificate` and `key`, or `email` (ACME), and `listen`",
  },
  dashboard: { kind: "flag", default: "true", text: "serve the dashboard and GraphQL" },
  redisUrl: {
    kind: "secret",
    default: "",
    text: "your own Redis for queue and run state (append-only, noeviction); the tier then starts none",
  },
  databaseImage: { kind: "image", default: "postgres:17.6-bookworm", tiers: ["cluster"], text: "image of Postgres" },
  postgresUrl: {
    kind: "secret",
    default: "",
    tiers: ["cluster"],
    text: "your own Postgres for the history; the tier then starts none",
  },
  dockerContext: {
    kind: "text",
    default: "",
    text: "Docker context; by default the current one of the `docker` command",
  },
  kubeContext: {
    kind: "text",
    default: "",
    tiers: clusters,
    text: "context of the kubeconfig; required, because the current one may be another cluster's",
  },
  kubeconfig: {
    kind: "path",
    default: "",
    tiers: clusters,
    text: "absolute path of the kubeconfig; by default kubectl's own",
  },
  exposure: {
    kind: "choice",
    of: ["port-forward", "nodePort", "ingress"],
    default: "port-forward",
    tiers: clusters,
    text: "how the dashboard is reached: `port-forward`, `nodePort` (tier kubernetes) or `ingress`",
  },
  nodePort: {
    kind: "whole",
    lowest: 30_000,
    highest: 32_767,
    default: "30288",
    tiers: ["kubernetes"],
    text: "port of the nodes with `exposure: nodePort`, 30000 to 32767",
  },
  ingress: {
    kind: "object",
    default: "",
    tiers: clusters,
    text: "with `exposure: ingress`, its `url`, and optionally `className`, `tlsSecret` and `annotations`",
  },
  storageSize: { kind: "text", default: "5Gi", tiers: clusters, text: "size of each data claim" },
  storageClass: {
    kind: "text",
    default: "",
    tiers: clusters,
    text: "storage class of the data claims; by default the cluster's own",
  },
  replicas: { kind: "whole", lowest: 2, highest: 20, default: "2", tiers: ["cluster"], text: "number of servers" },
  autoscaler: {
    kind: "choice",
    of: ["cpu", "keda"],
    default: "cpu",
    tiers: ["cluster"],
    text: "what scales the workers: `cpu` (Kubernetes itself) or `keda` (by the queue; KEDA is yours to install)",
  },
  maxWorkers: {
    kind: "whole",
    lowest: 2,
    highest: 1000,
    default: "10",
    tiers: ["cluster"],
    text: "highest number of workers",
  },
  dataDir: {
    kind: "path",
    default: "",
    text: "absolute folder for data and logs; by default one folder per stack in the platform's data folder",
  },
  protectData: { kind: "flag", default: "true", tiers: containers, text: "`pulumi destroy` keeps the data volumes" },
  supervisor: {
    kind: "choice",
    of: ["auto", ...supervisors],
    default: "auto",
    text: "what restarts host processes after a crash and a reboot: `launchd`, `systemd`, `none`, or `auto`",
  },
  supervisorScope: {
    kind: "choice",
    of: scopes,
    default: "user",
    text: "whose supervisor: `user` (launchd agent, systemd user unit) or `system` (daemon, system unit; as root)",
  },
  keys: {
    kind: "object",
    default: "{}",
    text: "`generation` of the generated keys and `step` of their rotation; written by `npm run keys` (docs/keys.md)",
  },
  keysFrom: { kind: "text", default: "", text: "stack whose keys this one uses instead of its own" },
  signingKey: { kind: "secret", default: "", text: "your own signing key: hex, even length, no `signkey-` prefix" },
  eventKey: { kind: "secret", default: "", text: "your own event key" },
} as const satisfies Record<string, SettingSpec>;

export type SettingKey = keyof typeof schema;

/** Keys of the settings of one kind. */
export type KeyOf<K extends Kind["kind"]> = {
  [Key in SettingKey]: (typeof schema)[Key]["kind"] extends K ? Key : never;
}[SettingKey];

/** Values of a setting that is a choice. */
export type Choice<Key extends KeyOf<"choice">> = (typeof schema)[Key]["of"][number];

export const settingKeys = Object.keys(schema) as SettingKey[];

/** Keys whose values may only be given encrypted. */
export const secretKeys = settingKeys.filter((key): key is KeyOf<"secret"> => schema[key].kind === "secret");
