import type { Outputs } from "../../lib/stack/outputs.ts";
import type { Check, Outcome } from "../lib/checks/check.ts";
import type { KnownStack } from "../lib/live-stack.ts";

export type Health = "ok" | "warning" | "broken";
export type DoctorCheck = Check<Health>;
export type DoctorOutcome = Outcome<Health>;

/** A stack that is checked; it may never have been up. */
export interface DoctorContext {
  stack: KnownStack;
  /** `undefined` while the stack is not up. */
  outputs: Outputs | undefined;
}

export const ok = (seen: string): DoctorOutcome => ({ status: "ok", seen });
export const warning = (seen: string, remedy: string): DoctorOutcome => ({ status: "warning", seen, remedy });
export const broken = (seen: string, remedy: string): DoctorOutcome => ({ status: "broken", seen, remedy });
