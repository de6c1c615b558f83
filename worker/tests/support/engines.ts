import { hasProgram } from "./processes.ts";
import { type RuntimeName, runtimeBinary } from "./worker.ts";

/** Runtimes that suites are written for; {@link needs} skips those that are not installed. */
export const runtimes: RuntimeName[] = ["node", "bun"];

/** Each runtime with each transport. */
export const runtimesAndTransports = (["serve", "connect"] as const).flatMap((transport) =>
  runtimes.map((runtime) => [runtime, transport] as const),
);

/** A suite's title, which says why it is skipped, and whether it is. */
export function needs(title: string, ...programs: string[]): [title: string, skipped: boolean] {
  const isInstalled = (program: string) =>
    program === "bun" ? runtimeBinary("bun") !== undefined : hasProgram(program);
  const missing = programs.filter((program) => !isInstalled(program));
  return missing.length === 0 ? [title, false] : [`${title} (skipped: no ${missing.join(", no ")} on PATH)`, true];
}
