import type { Check, Outcome } from "../lib/checks/check.ts";

export type Verdict = "passed" | "failed" | "skipped";
export type VerifyCheck = Check<Verdict>;
/** How long checks wait. */
export interface Timeouts {
  /** Longest wait for a run to end, in seconds. */
  runSeconds: number;
  /** Time in which the server stores one step and starts the next, in milliseconds. */
  nextStepMs: number;
}

export type VerifyOutcome = Outcome<Verdict>;

export const passed = (seen: string): VerifyOutcome => ({ status: "passed", seen });
/** Not checked, and why. */
export const skipped = (seen: string): VerifyOutcome => ({ status: "skipped", seen });
export const failed = (seen: string, cause: string, remedy: string): VerifyOutcome => ({
  status: "failed",
  seen,
  cause,
  remedy,
});
