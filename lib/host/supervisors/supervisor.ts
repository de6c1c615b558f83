import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { Problem } from "../../problem.ts";
import type { ServiceDefinition, ServiceIdentity, SupervisorName } from "./service.ts";

/** What is there of a service. */
export interface Observation {
  /** Its main process; `undefined` while none runs. */
  pid: number | undefined;
  /** Hash of its definition as it stands on this machine. */
  definition: string;
}

/** What keeps services running. Each operation may be repeated, and `remove` is done when nothing is there. */
export interface Supervisor {
  name: SupervisorName;
  /** What its services survive and what not, for people. */
  survives: string;
  /** Why it cannot be used on this machine. Changes nothing that would have to be undone. */
  unavailable(): Promise<SupervisorUnavailable | undefined>;
  /** Returns the conflict if another owner has already installed a unit or job with this name. */
  ownershipConflict(service: ServiceIdentity): Promise<Problem | undefined>;
  /** The definition as text; empty where a process is all there is. */
  render(service: ServiceDefinition): Promise<string>;
  observe(service: ServiceIdentity): Promise<Observation>;
  /** Puts `text` in force and starts the service, which `remove` has ended. */
  ensure(service: ServiceDefinition, text: string): Promise<void>;
  remove(service: ServiceIdentity): Promise<void>;
  /** Command that prints the last `lines` of the service's output, and goes on printing when told to follow. */
  logCommand(service: ServiceIdentity, lines: number, follow: boolean): [string, ...string[]];
}

/** Why a supervisor that a setting asks for cannot be used on this machine. */
export class SupervisorUnavailable extends Problem {
  /** The same for those who have not set anything. */
  readonly reason: string;

  /** `asked` is what the settings ask for, such as "`supervisor` is systemd". */
  constructor(asked: string, reason: string, remedy: string) {
    super(`${asked}, and ${reason}`, remedy);
    this.reason = reason;
  }
}

export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A file's text; empty when there is none. */
export function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
