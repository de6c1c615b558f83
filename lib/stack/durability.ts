import type { SupervisorName } from "../host/supervisors/service.ts";

/** What becomes of a stack's work when its server ends. */
export interface Durability {
  /** Whether history and runs in flight outlive it. */
  kept: boolean;
  /** What is kept and what is lost, for people. */
  text: string;
}

/** What keeps a process on this machine running. */
export interface Supervised {
  by: SupervisorName;
  /** What the process survives and what not, for people. */
  survives: string;
}
