import type { Check, Outcome } from "../lib/checks/check.ts";
import type { Comparison, Unreachable } from "../lib/comparison.ts";
import type { LiveStack } from "../lib/live-stack.ts";

export type Verdict = "passed" | "failed" | "skipped";
export type VerifyCheck = Check<Verdict>;
export type VerifyOutcome = Outcome<Verdict>;

/** A stack that is checked. */
export interface VerifyContext {
  stack: LiveStack;
  /** The comparison of worker and server, made once for all checks. */
  comparison(): Promise<Comparison | Unreachable>;
  /** Longest wait for a run to end, in seconds. */
  runSeconds: number;
  /** Time in which the server stores one step and starts the next, in milliseconds. */
  nextStepMs: number;
}

export const passed = (seen: string): VerifyOutcome => ({ status: "passed", seen });
/** Not checked, and why. */
export const skipped = (seen: string): VerifyOutcome => ({ status: "skipped", seen });
export const failed = (seen: string, cause: string, remedy: string): VerifyOutcome => ({
  status: "failed",
  seen,
  cause,
  remedy,
});
