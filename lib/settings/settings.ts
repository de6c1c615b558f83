import type { Supervision } from "../host/supervisors/service.ts";
import { Problem } from "../problem.ts";
import { readBackups } from "./backups.ts";
import { readGateway } from "./gateway.ts";
import { readKeys } from "./keys.ts";
import { readKubernetes } from "./kubernetes.ts";
import { type RawConfig, SettingsReader } from "./reader.ts";
import { postgresUrlProblem, redisUrlProblem } from "./store-urls.ts";
import { readWorker } from "./worker.ts";

/** What a stack asks for, checked. Optional settings that are not set are `undefined`. */
export type Settings = ReturnType<typeof checkSettings>["settings"];

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

/**
 * {@link readSettings} for commands that work on a stack whose settings may be wrong: a wrong value is replaced by its
 * default, and its problem is among `problems`.
 */
export function checkSettings(stack: string, raw: RawConfig) {
  const reader = new SettingsReader(raw);
  const tier = reader.choice("tier");
  const profile = reader.choice("profile");
  const durable = reader.flag("durable");
  const port = reader.whole("port");
  const dataDir = reader.path("dataDir");
  const supervision = readSupervision(stack, dataDir, reader);
  const worker = readWorker({ tier, port, profile }, reader);
  const settings = {
    stack,
    tier,
    durable,
    profile,
    port,
    worker,
    serverBinary: reader.path("serverBinary"),
    queueBinary: reader.path("queueBinary"),
    serverImage: reader.image("serverImage"),
    queueImage: reader.image("queueImage"),
    /** Days that runs are kept after their end; `undefined`: forever. */
    retention: reader.days("retention"),
    backups: readBackups({ tier, durable, scope: supervision.scope }, reader),
    /** @default the platform's, one folder per stack */
    backupDir: reader.path("backupDir"),
    upkeepImage: reader.image("upkeepImage"),
    gateway: readGateway(tier, reader),
    dashboard: reader.flag("dashboard"),
    redisUrl: reader.secret("redisUrl", redisUrlProblem),
    databaseImage: reader.image("databaseImage"),
    postgresUrl: reader.secret("postgresUrl", postgresUrlProblem),
    dockerContext: reader.optional("dockerContext"),
    /** Set on the tiers `kubernetes` and `cluster`. */
    kubernetes: readKubernetes({ tier, stack, worker }, reader),
    dataDir,
    protectData: reader.flag("protectData"),
    supervision,
    ...readKeys(stack, reader),
  };
  return { settings, problems: reader.problems };
}

function readSupervision(stack: string, dataDir: string | undefined, reader: SettingsReader): Supervision {
  const supervision: Supervision = { supervisor: reader.choice("supervisor"), scope: reader.choice("supervisorScope") };
  if (supervision.scope === "user") return supervision;
  if (supervision.supervisor === "none") {
    reader.reject("supervisorScope", "user where `supervisor` is none", reader.set("supervisorScope", "user"));
  }
  if (dataDir === undefined) {
    const remedy = reader.set("dataDir", `/var/lib/inngest-local/${stack}`);
    reader.problem(
      "`dataDir` must be set where `supervisorScope` is system: system services have no home directory",
      remedy,
    );
  }
  return supervision;
}
