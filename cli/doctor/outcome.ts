import type { Check, Outcome } from "../lib/checks/check.ts";
import type { Outputs, StackSettings } from "../lib/live-stack.ts";
import type { Pulumi } from "../lib/pulumi-cli.ts";

export type Health = "ok" | "warning" | "broken";
export type DoctorCheck = Check<Health>;
export type DoctorOutcome = Outcome<Health>;

export const ok = (seen: string): DoctorOutcome => ({ status: "ok", seen });
export const warning = (seen: string, remedy: string): DoctorOutcome => ({ status: "warning", seen, remedy });
export const broken = (seen: string, remedy: string): DoctorOutcome => ({ status: "broken", seen, remedy });

/** A stack that doctor looks at; it may never have been up. */
export interface Patient {
  stack: string;
  pulumi: Pulumi;
  settings: StackSettings;
  /** `undefined` while the stack is not up. */
  outputs: Outputs | undefined;
}

/** Splits findings of the shape `what. Remedy: what to do`, which the preflight has, too. */
export function brokenBy(problem: string): DoctorOutcome {
  const [seen = "", remedy = ""] = problem.split(/\.? Remedy: /);
  return broken(seen, remedy);
}
