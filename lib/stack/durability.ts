import type { SupervisorName } from "../host/supervisors/service.ts";

/** What becomes of a stack's work when its server ends. */
export interface Durability {
  /** Whether history and runs in flight outlive it. */
  kept: boolean;
  /** What is kept and what is lost, for people. */
  text: string;
}

/** Of a stack with a history and a queue on disk. */
export const everythingKept: Durability = {
  kept: true,
  text: "history and runs in flight are kept, also when server and queue are killed together",
};

/** What keeps a process on this machine running. */
export interface Supervised {
  by: SupervisorName;
  /** What the process survives and what not, for people. */
  survives: string;
}
