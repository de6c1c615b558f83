import { Problem } from "../../problem.ts";
import { stopGraceSeconds as usualStopGrace } from "../../stack/stop-grace.ts";
import { dataFolder, servicePaths } from "../paths.ts";

export const supervisors = ["launchd", "systemd", "none"] as const;
export const scopes = ["user", "system"] as const;

export type SupervisorName = (typeof supervisors)[number];
/** `user`: the user's own manager runs the service (agent, user unit); `system`: the machine's (daemon, system unit). */
export type Scope = (typeof scopes)[number];

export interface Supervision {
  /** `auto`: launchd if available, else systemd if its user manager answers and lets services linger, else none. */
  supervisor: SupervisorName | "auto";
  scope: Scope;
}

/** What identifies a service on this machine, whatever it runs. */
export interface ServiceIdentity {
  /** Label in launchd, and unit name without `.service` in systemd. */
  label: string;
  /** Data folder of its stack, absolute. */
  dataDir: string;
  /** File of the {@link RunRecord}, which describes the last start. */
  record: string;
  /** File of its output, unless the supervisor has a journal. */
  log: string;
  stopGraceSeconds: number;
}

/** A service as a supervisor runs it: with what was found on this machine, all paths absolute. */
export interface ServiceDefinition extends ServiceIdentity {
  description: string;
  /** The program, without a shell, and its arguments. Contains no secret. */
  command: [string, ...string[]];
  workingDirectory: string;
  /** Its environment, to which the supervisor adds. Contains no secret. */
  environment: Record<string, string>;
  /** Labels of services that start before it and stop after it, where they exist. */
  after?: string[] | undefined;
  /** Labels of services that start again whenever it does, where they run. */
  restarts?: string[] | undefined;
  /** Whether all its peers are on this machine. */
  loopbackOnly?: boolean | undefined;
  /** Account that it runs as; set in scope `system` only. */
  user?: string | undefined;
}

/** Bytes of a log before it is rotated; one older piece of this size is kept. */
export const logLimit = 10 * 1024 * 1024;

/**
 * Name of a service in launchd and systemd.
 *
 * @throws {Problem} when systemd would refuse it: for its characters, or more than 255 of them with the suffix
 */
export function serviceLabel(stack: string, service: string): string {
  const label = `inngest-local.${stack}.${service}`;
  if (/^[\w.-]+$/.test(label) && label.length <= 200) return label;
  throw new Problem(
    "a service's name in launchd and systemd must be at most 200 letters, digits, dots, dashes and underscores, " +
      `got ${JSON.stringify(label)}`,
    "rename the stack (or the service)",
  );
}

/** Labels of the other services that a service names. */
export function labelsOf({
  stack,
  ...names
}: {
  stack: string;
  after?: string[] | undefined;
  restarts?: string[] | undefined;
}) {
  const labels = (services: string[] = []) => services.map((service) => serviceLabel(stack, service));
  return { after: labels(names.after), restarts: labels(names.restarts) };
}

export function identify(args: {
  stack: string;
  service: string;
  dataDir?: string | undefined;
  stopGraceSeconds?: number;
}): ServiceIdentity {
  const { stack, service, stopGraceSeconds = usualStopGrace } = args;
  const dataDir = dataFolder(stack, args.dataDir);
  const { record, log } = servicePaths(dataDir, service);
  return { label: serviceLabel(stack, service), dataDir, record, log, stopGraceSeconds };
}
