import * as pulumi from "@pulumi/pulumi";
import type { Supervision } from "../lib/host/supervisors/index.ts";
import { scopes, supervisors } from "../lib/host/supervisors/service.ts";
import { envValueProblem } from "../lib/render/env-file.ts";
import { type BackupSettings, readBackups } from "../lib/settings/backups.ts";
import { type GatewaySettings, readPublicName } from "../lib/settings/gateway.ts";
import { eventKeyProblem, signingKeyProblem } from "../lib/settings/keys.ts";
import { type KubernetesSettings, postgresUrlProblem, readKubernetesSettings } from "../lib/settings/kubernetes.ts";
import { type Profile, profileSettings, profiles } from "../lib/settings/profile.ts";
import { type RawConfig, valuesOf } from "../lib/settings/reader.ts";
import { workerFolder, workerVariables } from "../lib/settings/worker.ts";
import { type RotationStep, rotationSteps } from "../lib/stack/key-rotation.ts";

export const tiers = ["process", "docker", "kubernetes", "cluster"] as const;
export const runtimes = ["node", "bun", "external"] as const;
export const transports = ["serve", "connect"] as const;
export const placements = ["host", "container"] as const;

/** Every key of Pulumi.yaml's `config`, with the value that stands when a stack says nothing. */
export const defaults = {
  tier: "process",
  durable: "true",
  profile: "balanced",
  port: "8288",
  workerPort: "3111",
  workerDir: "worker",
  workerPlacement: "host",
  workerImage: "",
  runtime: "node",
  transport: "serve",
  workerUrl: "",
  workerEnv: "{}",
  serverBinary: "",
  serverImage: "inngest/inngest:v1.43.0",
  queueImage: "redis:7.2.16-alpine",
  retention: "30d",
  backupEvery: "off",
  backupKeep: "14",
  backupDir: "",
  upkeepImage: "node:24.21.0-bookworm-slim",
  gatewayImage: "caddy:2.11.9-alpine",
  gateway: "",
  dashboard: "true",
  redisUrl: "",
  databaseImage: "postgres:17.6-bookworm",
  postgresUrl: "",
  dockerContext: "",
  kubeContext: "",
  kubeconfig: "",
  exposure: "port-forward",
  nodePort: "30288",
  ingress: "",
  storageSize: "5Gi",
  storageClass: "",
  replicas: "2",
  autoscaler: "cpu",
  maxWorkers: "10",
  dataDir: "",
  protectData: "true",
  supervisor: "auto",
  supervisorScope: "user",
  keyGeneration: "1",
  keyRotation: "none",
  keysFrom: "",
  signingKey: "",
  eventKey: "",
} as const;

/** Keys whose values may only be given encrypted. */
export const secretSettings = ["redisUrl", "postgresUrl", "signingKey", "eventKey"] as const;

/** What a stack asks for, checked. Optional settings that are not set are `undefined`. */
export interface Settings {
  stack: string;
  tier: (typeof tiers)[number];
  durable: boolean;
  profile: Profile;
  port: number;
  worker: {
    dir: string;
    /** The folder's `main`, relative to it. */
    entry: string;
    port: number;
    placement: (typeof placements)[number];
    runtime: (typeof runtimes)[number];
    transport: (typeof transports)[number];
    /** Inngest endpoint of an app that the stack does not start; set exactly when `runtime` is `external`. */
    url: URL | undefined;
    /** Image that a cluster runs. */
    image: string | undefined;
    /** Steps whose results it sends together. */
    checkpointSteps: number;
    /** More variables for the worker, all secret because one of them may be. */
    variables: pulumi.Output<Record<string, string>>;
  };
  serverBinary: string | undefined;
  serverImage: string;
  queueImage: string;
  /** Days that what has ended is kept; `undefined`: for ever. */
  retention: number | undefined;
  /** How often it is backed up by itself; `undefined`: not at all. */
  backups: BackupSettings | undefined;
  /** Absolute folder of its backups. @default the platform's, one folder a stack */
  backupDir: string | undefined;
  /** Image with Node for work on the data, in a container or a pod. */
  upkeepImage: string;
  /** Front door of the Docker and Kubernetes tiers. */
  gateway: GatewaySettings;
  /** Serve dashboard and GraphQL. */
  dashboard: boolean;
  redisUrl: pulumi.Output<string> | undefined;
  databaseImage: string;
  postgresUrl: pulumi.Output<string> | undefined;
  dockerContext: string | undefined;
  /** Set on the tiers `kubernetes` and `cluster`. */
  kubernetes: KubernetesSettings | undefined;
  dataDir: string | undefined;
  protectData: boolean;
  supervision: Supervision;
  keysFrom: string | undefined;
  keys: {
    generation: number;
    rotation: RotationStep;
    signingKey: pulumi.Output<string> | undefined;
    eventKey: pulumi.Output<string> | undefined;
  };
}

/** The current stack's configuration. Throws `pulumi.RunError` naming every setting that is wrong. */
export function loadSettings(): Settings {
  const prefix = `${pulumi.getProject()}:`;
  const values: Record<string, string> = {};
  const secretKeys: string[] = JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]");
  const encrypted = new Set(secretKeys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length)));
  for (const [fullKey, value] of Object.entries(pulumi.runtime.allConfig())) {
    if (fullKey.startsWith(prefix)) values[fullKey.slice(prefix.length)] = value;
  }
  return readSettings(pulumi.getStack(), { values, encrypted });
}

/**
 * Checks a stack's raw configuration and gives it types.
 * Reads the worker folder, which is source of the program like any asset; looks at nothing else of the machine.
 * Throws one `pulumi.RunError` with a line per problem: key, rule, value (never of a secret), remedy.
 */
export function readSettings(stack: string, raw: RawConfig): Settings {
  const values = valuesOf(raw, defaults);
  const { problems, text, optional, set, reject, choice, flag, whole, days, absolutePath, secret } = values;

  const tier = choice("tier", tiers);
  const runtime = choice("runtime", runtimes);
  const profile = choice("profile", profiles);
  const durable = flag("durable");
  const scope = choice("supervisorScope", scopes);
  const settings: Settings = {
    stack,
    tier,
    durable,
    profile,
    // The three ports after it are Connect's, so the last usable first port is 65535 - 3.
    port: whole("port", 1, 65532),
    worker: {
      ...(runtime === "external"
        ? { dir: "", entry: "" }
        : workerFolder(text("workerDir"), (rule) =>
            reject("workerDir", rule, `${set("workerDir", "worker")}, or the folder of your own worker`),
          )),
      port: whole("workerPort", 1, 65535),
      placement: choice("workerPlacement", placements),
      runtime,
      transport: choice("transport", transports),
      url: URL.canParse(text("workerUrl")) ? new URL(text("workerUrl")) : undefined,
      image: optional("workerImage"),
      checkpointSteps: profileSettings[profile].checkpointSteps,
      variables: pulumi.secret(workerVariables(text("workerEnv"), problems)),
    },
    serverBinary: absolutePath("serverBinary"),
    serverImage: text("serverImage"),
    queueImage: text("queueImage"),
    retention: days("retention"),
    backups: readBackups({ tier, durable, scope }, { text, whole, reject }),
    backupDir: absolutePath("backupDir"),
    upkeepImage: text("upkeepImage"),
    gateway: {
      image: text("gatewayImage"),
      ...readPublicName({
        text: text("gateway"),
        tier,
        reject: (rule, remedy) => reject("gateway", rule, remedy),
      }),
    },
    dashboard: flag("dashboard"),
    redisUrl: secret("redisUrl", redisUrlProblem),
    databaseImage: text("databaseImage"),
    postgresUrl: secret("postgresUrl", postgresUrlProblem),
    dockerContext: optional("dockerContext"),
    kubernetes:
      tier === "kubernetes" || tier === "cluster"
        ? readKubernetesSettings(tier, stack, { optional, choice, whole, absolutePath, reject, problems })
        : undefined,
    dataDir: absolutePath("dataDir"),
    protectData: flag("protectData"),
    supervision: {
      supervisor: choice("supervisor", ["auto", ...supervisors]),
      scope,
    },
    keysFrom: optional("keysFrom"),
    keys: {
      generation: whole("keyGeneration", 1, 1_000_000),
      rotation: choice("keyRotation", rotationSteps),
      signingKey: secret("signingKey", signingKeyProblem),
      eventKey: secret("eventKey", eventKeyProblem),
    },
  };

  for (const key of ["serverImage", "queueImage", "gatewayImage", "upkeepImage", "databaseImage"] as const) {
    if (!/^\S+$/.test(text(key))) reject(key, "an image reference such as name:tag", set(key, defaults[key]));
  }
  const { port: workerPort, placement, url, transport } = settings.worker;
  if (runtime === "external" && !/^https?:$/.test(url?.protocol ?? "")) {
    reject(
      "workerUrl",
      "the http address of your app's Inngest endpoint",
      set("workerUrl", "http://localhost:3000/api/inngest"),
    );
  }
  if (runtime !== "external" && text("workerUrl") !== "") {
    reject(
      "workerUrl",
      "left out, because the stack starts the worker itself",
      "pulumi config rm workerUrl, or pulumi config set runtime external",
    );
  }
  if (runtime === "external" && placement === "container") {
    reject("workerPlacement", "host, because an external worker is not started here", set("workerPlacement", "host"));
  }
  if (runtime === "external" && transport === "connect") {
    reject("transport", "serve, because an external app chooses for itself how it connects", set("transport", "serve"));
  }
  if (workerPort >= settings.port && workerPort <= settings.port + 3) {
    reject(
      "workerPort",
      `outside the server's own ports ${settings.port} to ${settings.port + 3}`,
      set("workerPort", settings.port + 4),
    );
  }
  if (tier === "process" && placement === "container") {
    reject("workerPlacement", "host on the process tier, which has no containers", set("workerPlacement", "host"));
  }
  if (settings.supervision.scope === "system") {
    if (settings.supervision.supervisor === "none") {
      reject("supervisorScope", "user where `supervisor` is none", set("supervisorScope", "user"));
    }
    if (!settings.dataDir) {
      const remedy = set("dataDir", `/var/lib/inngest-local/${stack}`);
      problems.push(
        `\`dataDir\` must be set where \`supervisorScope\` is system, which has no home. Remedy: ${remedy}`,
      );
    }
  }
  if (settings.keysFrom === stack) {
    reject("keysFrom", "another stack than this one", "pulumi config rm keysFrom");
  }
  const { generation, rotation, signingKey, eventKey } = settings.keys;
  if (generation === 1 && rotation !== "none") {
    reject("keyRotation", "none at `keyGeneration` 1, before which there is none", "pulumi config rm keyRotation");
  }
  if (settings.keysFrom && rotation !== "none") {
    reject("keyRotation", "none where `keysFrom` is set, whose stack's keys change", "pulumi config rm keyRotation");
  }
  if (settings.keysFrom && (signingKey || eventKey)) {
    problems.push(
      "`keysFrom` must stand alone, and `signingKey` or `eventKey` is set too. Remedy: pulumi config rm keysFrom",
    );
  }

  if (problems.length > 0) {
    throw new pulumi.RunError(
      `the settings of stack ${stack} are wrong:\n${problems.map((p) => `  - ${p}`).join("\n")}`,
    );
  }
  return settings;
}

function redisUrlProblem(value: string): string | undefined {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url && ["redis:", "rediss:"].includes(url.protocol) && url.hostname) {
    const problem = envValueProblem(value);
    return problem && `${problem}, and its value does: write such signs as %XX`;
  }
  return "must be a URL such as redis://:password@host:6379, and its value is not";
}
