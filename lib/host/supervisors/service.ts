import { Problem } from "../../problem.ts";
import { stopGraceSeconds as usualStopGrace } from "../../stack/stop-grace.ts";
import { dataFolder, servicePaths } from "../paths.ts";

export const supervisors = ["launchd", "systemd", "none"] as const;
export const scopes = ["user", "system"] as const;

export type SupervisorName = (typeof supervisors)[number];
/** Whose manager runs a service: the person's own (agent, user unit), or the machine's (daemon, system unit). */
export type Scope = (typeof scopes)[number];

/** What a stack asks for. */
export interface Supervision {
  /** `auto`: launchd where there is one, systemd where a manager answers and lets services linger, else none. */
  supervisor: SupervisorName | "auto";
  scope: Scope;
}

/** One service on this machine, by what stays the same whatever it runs. */
export interface ServiceIdentity {
  /** Its name with launchd (label) and systemd (unit name without `.service`). */
  label: string;
  /** Absolute data folder of its stack. */
  dataDir: string;
  /** What a start leaves behind for the next observation. */
  record: string;
  /** Its output, where the supervisor has no journal of its own. */
  log: string;
  stopGraceSeconds: number;
}

/** A service as a supervisor runs it: everything found on this machine, every path absolute. */
export interface ServiceDefinition extends ServiceIdentity {
  description: string;
  /** The runtime itself, no shell, and its arguments. Holds no secret. */
  command: [string, ...string[]];
  workingDirectory: string;
  /** Its whole environment beside what the supervisor sets. Holds no secret. */
  environment: Record<string, string>;
  /** All whom it talks to are on this machine. */
  loopbackOnly?: boolean | undefined;
  /** Account that it runs as, set in scope `system` only. */
  user?: string | undefined;
}

/** Bytes of a log before it is cut; one older piece of this size is kept beside it. */
export const logLimit = 10 * 1024 * 1024;

/**
 * Name of a service with launchd and systemd.
 * Throws {@link Problem} for what systemd refuses: characters beyond its set, or more than 255 with the suffix.
 */
export function serviceLabel(stack: string, service: string): string {
  const label = `inngest-local.${stack}.${service}`;
  if (/^[\w.-]+$/.test(label) && label.length <= 200) return label;
  throw new Problem(
    "the name of a service must be at most 200 letters, digits, dots, dashes and underscores, because launchd and " +
      `systemd know it by that; got ${JSON.stringify(label)}`,
    `name the stack (or the service) so`,
  );
}

export function identify({
  stack,
  service,
  dataDir,
  stopGraceSeconds = usualStopGrace,
}: IdentityArgs & { stopGraceSeconds?: number }): ServiceIdentity {
  const folder = dataFolder(stack, dataDir);
  const { record, log } = servicePaths(folder, service);
  return {
    label: serviceLabel(stack, service),
    dataDir: folder,
    record,
    log,
    stopGraceSeconds,
  };
}

interface IdentityArgs {
  stack: string;
  service: string;
  dataDir?: string | undefined;
}
