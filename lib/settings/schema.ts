/** What a setting is: the one source of Pulumi.yaml's `config` block and of the table of settings in the docs. */
export interface SettingSpec {
  /** What it decides, for people; Markdown. */
  text: string;
  /** Value of a stack that does not set it; empty for "not set". */
  default: string;
  /** Its value may only be given encrypted. */
  secret?: true;
}

/** Every setting of a stack, by its key without the namespace `inngest-local:`. */
export const schema = {
  tier: {
    text: "Where the server runs: `process` (on the host), `docker`, `kubernetes` (one machine) or `cluster` (several servers)",
    default: "process",
  },
  durable: { text: "Docker tier: keep history and in-flight work (named volumes and a Redis queue)", default: "true" },
  profile: {
    text: "What the stack is tuned for: `balanced`, `latency` or `throughput`; docs/performance.md has the figures",
    default: "balanced",
  },
  port: { text: "Server port on 127.0.0.1; the stack also takes the three ports after it (Connect)", default: "8288" },
  workerPort: { text: "Worker port on 127.0.0.1", default: "3111" },
  workerDir: { text: "Folder of the worker: a package.json whose `main` names the entry", default: "worker" },
  workerPlacement: { text: "Where the worker runs: `host` or (not on the process tier) `container`", default: "host" },
  workerImage: {
    text: "Kubernetes tiers: image of the worker, pushed where the cluster can pull it or imported into its nodes",
    default: "",
  },
  runtime: {
    text: "What runs the worker: `node`, `bun`, or `external` for an app of yours at `workerUrl`",
    default: "node",
  },
  transport: {
    text: "How work reaches the worker: `serve` (the server calls it) or `connect` (it connects to the server)",
    default: "serve",
  },
  workerUrl: {
    text: "With `external`: the app's Inngest endpoint, such as http://localhost:3000/api/inngest",
    default: "",
  },
  workerEnv: {
    text: "More variables for the worker, such as AI_BASE_URL; set one with `--path workerEnv.NAME`, with `--secret`",
    default: "{}",
  },
  serverBinary: {
    text: "Process tier: absolute path of the `inngest` binary; else the one on PATH, else npm's `inngest-cli`",
    default: "",
  },
  serverImage: { text: "Docker and Kubernetes tiers: image of the server", default: "inngest/inngest:v1.43.0" },
  queueImage: {
    text: "Docker (durable) and Kubernetes tiers: image of the Redis queue",
    default: "redis:7.2.16-alpine",
  },
  retention: { text: "How long runs that have ended are kept, in days such as 30d, or `off`", default: "30d" },
  backupEvery: { text: "How often the stack is backed up by itself, such as 24h; `off` for never", default: "off" },
  backupKeep: { text: "How many of the stack's newest backups stay when it is backed up by itself", default: "14" },
  backupDir: {
    text: "Absolute folder of the stack's backups, better on another disk; else the platform's data folder",
    default: "",
  },
  upkeepImage: {
    text: "Docker and Kubernetes tiers: image with Node in which janitor, backup and restore work on the data",
    default: "node:24.21.0-bookworm-slim",
  },
  gatewayImage: { text: "Docker and Kubernetes tiers: image of the front door, Caddy", default: "caddy:2.11.9-alpine" },
  gateway: {
    text: "Docker and Kubernetes tiers: a name of the front door (`url`); on Docker with `certificate` and `key`, or `email` (ACME), and `listen`",
    default: "",
  },
  dashboard: { text: "Serve the dashboard and GraphQL", default: "true" },
  redisUrl: {
    text: "Redis of your own for queue and run state (append-only, noeviction); the tier then starts none",
    default: "",
    secret: true,
  },
  databaseImage: { text: "Cluster tier: image of Postgres", default: "postgres:17.6-bookworm" },
  postgresUrl: {
    text: "Cluster tier: Postgres of your own for the history; the tier then starts none",
    default: "",
    secret: true,
  },
  dockerContext: { text: "Docker context; else the docker command's current one", default: "" },
  kubeContext: {
    text: "Kubernetes tiers: context of the kubeconfig; required, because the current one may be another cluster's",
    default: "",
  },
  kubeconfig: { text: "Kubernetes tiers: absolute path of the kubeconfig; else kubectl's own", default: "" },
  exposure: {
    text: "Kubernetes tiers: how the dashboard is reached: `port-forward`, `nodePort` (tier kubernetes) or `ingress`",
    default: "port-forward",
  },
  nodePort: { text: "Kubernetes tier: the nodes' port for `exposure` nodePort, 30000 to 32767", default: "30288" },
  ingress: {
    text: "Kubernetes tiers, `exposure` ingress: `url`, and optionally `className`, `tlsSecret`, `annotations`",
    default: "",
  },
  storageSize: { text: "Kubernetes tiers: size of each data claim", default: "5Gi" },
  storageClass: { text: "Kubernetes tiers: storage class of the data claims; else the cluster's default", default: "" },
  replicas: { text: "Cluster tier: servers that run at once", default: "2" },
  autoscaler: {
    text: "Cluster tier: what scales the workers: `cpu` (Kubernetes' own) or `keda` (by the queue; KEDA is yours to install)",
    default: "cpu",
  },
  maxWorkers: { text: "Cluster tier: most workers that run at once", default: "10" },
  dataDir: {
    text: "Absolute folder for data and logs; else the platform's data folder, one folder a stack",
    default: "",
  },
  protectData: { text: "Docker and Kubernetes tiers: `pulumi destroy` keeps the data volumes", default: "true" },
  supervisor: {
    text: "What brings host processes back after a crash and a reboot: `launchd`, `systemd`, `none`, or `auto`",
    default: "auto",
  },
  supervisorScope: {
    text: "Whose supervisor: `user` (launchd agent, systemd user unit) or `system` (daemon, system unit; as root)",
    default: "user",
  },
  keyGeneration: { text: "Number of the generated keys; `npm run keys -- rotate` counts it up", default: "1" },
  keyRotation: {
    text: "How far a change of keys has come: `none`, `accept`, `switch`, `retire` or `settle`; see docs/keys.md",
    default: "none",
  },
  keysFrom: { text: "Stack whose keys this one uses instead of its own", default: "" },
  signingKey: { text: "Signing key of your own: hex, even length, no `signkey-` prefix", default: "", secret: true },
  eventKey: { text: "Event key of your own", default: "", secret: true },
} as const satisfies Record<string, SettingSpec>;

export type SettingKey = keyof typeof schema;

/** Keys whose values may only be given encrypted. */
export const secretKeys = ["redisUrl", "postgresUrl", "signingKey", "eventKey"] as const satisfies SettingKey[];

export const settingKeys = Object.keys(schema) as SettingKey[];
