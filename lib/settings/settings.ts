import { type Supervision, scopes, supervisors } from "../host/supervisors/service.ts";
import { Problem } from "../problem.ts";
import { envValueProblem } from "../render/env-file.ts";
import { type RotationStep, rotationSteps } from "../stack/key-rotation.ts";
import { type BackupSettings, readBackups } from "./backups.ts";
import { type GatewaySettings, readPublicName } from "./gateway.ts";
import { eventKeyProblem, signingKeyProblem } from "./keys.ts";
import { type KubernetesSettings, postgresUrlProblem, readKubernetesSettings } from "./kubernetes.ts";
import { type Profile, profileSettings, profiles } from "./profile.ts";
import { type RawConfig, Secret, SettingsReader } from "./reader.ts";
import { schema } from "./schema.ts";
import { workerFolder, workerVariables } from "./worker.ts";

export const tiers = ["process", "docker", "kubernetes", "cluster"] as const;
export const runtimes = ["node", "bun", "external"] as const;
export const transports = ["serve", "connect"] as const;
export const placements = ["host", "container"] as const;

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
    /** More variables for the worker, all secret because one of them may be; `undefined` where they cannot be read. */
    variables: Secret<Record<string, string>> | undefined;
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
  redisUrl: Secret | undefined;
  databaseImage: string;
  postgresUrl: Secret | undefined;
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
    signingKey: Secret | undefined;
    eventKey: Secret | undefined;
  };
}

/** A stack's settings, and what is wrong with them: a wrong value is replaced by its default. */
export interface CheckedSettings {
  settings: Settings;
  problems: Problem[];
}

/**
 * Checks a stack's raw configuration and gives it types.
 * Reads the worker folder, which is source of the program like any asset; looks at nothing else on the machine.
 *
 * @throws {Problem} with a line per problem: key, rule, value (never of a secret), remedy
 */
export function readSettings(stack: string, raw: RawConfig): Settings {
  const { settings, problems } = checkSettings(stack, raw);
  if (problems.length === 0) return settings;
  throw new Problem(
    `the settings of stack ${stack} are wrong:\n${problems.map(({ message }) => `  - ${message}`).join("\n")}`,
  );
}

/** {@link readSettings} for commands that work on a stack whose settings may be wrong. */
export function checkSettings(stack: string, raw: RawConfig): CheckedSettings {
  const reader = new SettingsReader(raw);
  const { problems } = reader;

  const tier = reader.choice("tier", tiers);
  const runtime = reader.choice("runtime", runtimes);
  const profile = reader.choice("profile", profiles);
  const durable = reader.flag("durable");
  const scope = reader.choice("supervisorScope", scopes);
  const settings: Settings = {
    stack,
    tier,
    durable,
    profile,
    // The three ports after it are Connect's, so the last usable first port is 65535 - 3.
    port: reader.whole("port", 1, 65532),
    worker: {
      ...(runtime === "external" ? { dir: "", entry: "" } : workerFolder(reader)),
      port: reader.whole("workerPort", 1, 65535),
      placement: reader.choice("workerPlacement", placements),
      runtime,
      transport: reader.choice("transport", transports),
      url: URL.canParse(reader.text("workerUrl")) ? new URL(reader.text("workerUrl")) : undefined,
      image: reader.optional("workerImage"),
      checkpointSteps: profileSettings[profile].checkpointSteps,
      variables: reader.known("workerEnv") ? new Secret(workerVariables(reader)) : undefined,
    },
    serverBinary: reader.absolutePath("serverBinary"),
    serverImage: reader.text("serverImage"),
    queueImage: reader.text("queueImage"),
    retention: reader.days("retention"),
    backups: readBackups({ tier, durable, scope }, reader),
    backupDir: reader.absolutePath("backupDir"),
    upkeepImage: reader.text("upkeepImage"),
    gateway: {
      image: reader.text("gatewayImage"),
      ...readPublicName(tier, reader),
    },
    dashboard: reader.flag("dashboard"),
    redisUrl: reader.secret("redisUrl", redisUrlProblem),
    databaseImage: reader.text("databaseImage"),
    postgresUrl: reader.secret("postgresUrl", postgresUrlProblem),
    dockerContext: reader.optional("dockerContext"),
    kubernetes: tier === "kubernetes" || tier === "cluster" ? readKubernetesSettings(tier, stack, reader) : undefined,
    dataDir: reader.absolutePath("dataDir"),
    protectData: reader.flag("protectData"),
    supervision: {
      supervisor: reader.choice("supervisor", ["auto", ...supervisors]),
      scope,
    },
    keysFrom: reader.optional("keysFrom"),
    keys: {
      generation: reader.whole("keyGeneration", 1, 1_000_000),
      rotation: reader.choice("keyRotation", rotationSteps),
      signingKey: reader.secret("signingKey", signingKeyProblem),
      eventKey: reader.secret("eventKey", eventKeyProblem),
    },
  };

  for (const key of ["serverImage", "queueImage", "gatewayImage", "upkeepImage", "databaseImage"] as const) {
    if (!/^\S+$/.test(reader.text(key)))
      reader.reject(key, "an image reference such as name:tag", reader.set(key, schema[key].default));
  }
  const { port: workerPort, placement, url, transport } = settings.worker;
  if (runtime === "external" && !/^https?:$/.test(url?.protocol ?? "")) {
    reader.reject(
      "workerUrl",
      "the http address of your app's Inngest endpoint",
      reader.set("workerUrl", "http://localhost:3000/api/inngest"),
    );
  }
  if (runtime !== "external" && reader.text("workerUrl") !== "") {
    reader.reject(
      "workerUrl",
      "left out, because the stack starts the worker itself",
      "pulumi config rm workerUrl, or pulumi config set runtime external",
    );
  }
  if (runtime === "external" && placement === "container") {
    reader.reject(
      "workerPlacement",
      "host, because an external worker is not started here",
      reader.set("workerPlacement", "host"),
    );
  }
  if (runtime === "external" && transport === "connect") {
    reader.reject(
      "transport",
      "serve, because an external app chooses for itself how it connects",
      reader.set("transport", "serve"),
    );
  }
  if (workerPort >= settings.port && workerPort <= settings.port + 3) {
    reader.reject(
      "workerPort",
      `outside the server's own ports ${settings.port} to ${settings.port + 3}`,
      reader.set("workerPort", settings.port + 4),
    );
  }
  if (tier === "process" && placement === "container") {
    reader.reject(
      "workerPlacement",
      "host on the process tier, which has no containers",
      reader.set("workerPlacement", "host"),
    );
  }
  if (settings.supervision.scope === "system") {
    if (settings.supervision.supervisor === "none") {
      reader.reject("supervisorScope", "user where `supervisor` is none", reader.set("supervisorScope", "user"));
    }
    if (!settings.dataDir) {
      const remedy = reader.set("dataDir", `/var/lib/inngest-local/${stack}`);
      reader.problem("`dataDir` must be set where `supervisorScope` is system, which has no home", remedy);
    }
  }
  if (settings.keysFrom === stack) {
    reader.reject("keysFrom", "another stack than this one", "pulumi config rm keysFrom");
  }
  const { generation, rotation, signingKey, eventKey } = settings.keys;
  if (generation === 1 && rotation !== "none") {
    reader.reject(
      "keyRotation",
      "none at `keyGeneration` 1, before which there is none",
      "pulumi config rm keyRotation",
    );
  }
  if (settings.keysFrom && rotation !== "none") {
    reader.reject(
      "keyRotation",
      "none where `keysFrom` is set, whose stack's keys change",
      "pulumi config rm keyRotation",
    );
  }
  if (settings.keysFrom && (signingKey || eventKey)) {
    reader.problem(
      "`keysFrom` must stand alone, and `signingKey` or `eventKey` is set too",
      "pulumi config rm keysFrom",
    );
  }

  return { settings, problems };
}

function redisUrlProblem(value: string): string | undefined {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url && ["redis:", "rediss:"].includes(url.protocol) && url.hostname) {
    const problem = envValueProblem(value);
    return problem && `${problem}, and its value does: write such signs as %XX`;
  }
  return "must be a URL such as redis://:password@host:6379, and its value is not";
}
