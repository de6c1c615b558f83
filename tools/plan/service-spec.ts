import type { Planned } from "./planner.ts";

/** Service spec of a resource that runs a process on this machine, `undefined` for any other resource. */
export function serviceSpecOf<Spec>({ type, inputs }: Planned): Spec | undefined {
  const isService = type === "command:local:Command" && String(inputs.create).endsWith("/reconcile.ts");
  return isService ? (JSON.parse(String(inputs.stdin)) as Spec) : undefined;
}
