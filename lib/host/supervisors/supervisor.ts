import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { Problem } from "../../problem.ts";
import type { ServiceDefinition, ServiceIdentity, SupervisorName } from "./service.ts";

/** Keeps services running. Every operation is idempotent; `remove` succeeds when nothing is there. */
export interface Supervisor {
  name: SupervisorName;
  /** What its services survive and what not, for people. */
  survives: string;
  /** Why it cannot be used on this machine. Changes nothing that would have to be undone. */
  unavailable(): Promise<SupervisorUnavailable | undefined>;
  /** The conflict when another owner has installed a unit or job under the service's name. */
  ownershipConflict(service: ServiceIdentity): Promise<Problem | undefined>;
  /** The definition as text; empty for a process without a supervisor. */
  render(service: ServiceDefinition): Promise<string>;
  /** The pid of its main process while one runs, and the hash of its definition as installed. */
  observe(service: ServiceIdentity): Promise<{ pid: number | undefined; definition: string }>;
  /** Installs the definition `text` and starts the service. Call `remove` first. */
  ensure(service: ServiceDefinition, text: string): Promise<void>;
  remove(service: ServiceIdentity): Promise<void>;
  /** Command that prints the last `lines` of the service's output and, with `follow`, what comes after. */
  logCommand(service: ServiceIdentity, lines: number, follow: boolean): [string, ...string[]];
}

/** Why a supervisor that a setting asks for cannot be used on this machine. */
export class SupervisorUnavailable extends Problem {
  /** The same without the setting. */
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

/** A file's text; empty when the file is missing. */
export function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
