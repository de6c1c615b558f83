import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
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
  /** What its services survive and what not, in a sentence. */
  survives: string;
  /** Why it cannot be used on this machine, with the remedy. Changes nothing that would have to be undone. */
  unavailable(): Promise<string | undefined>;
  /** Why the service's name is not free: what somebody else has put there. */
  foreign(service: ServiceIdentity): Promise<string | undefined>;
  /** The definition as text; empty where a process is all there is. */
  render(service: ServiceDefinition): Promise<string>;
  observe(service: ServiceIdentity): Promise<Observation>;
  /** Puts `text` in force and starts the service, which `remove` has ended. */
  ensure(service: ServiceDefinition, text: string): Promise<void>;
  remove(service: ServiceIdentity): Promise<void>;
  /** Command that prints the last `lines` of the service's output, and goes on printing when told to follow. */
  logCommand(service: ServiceIdentity, lines: number, follow: boolean): [string, ...string[]];
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
