import { existsSync } from "node:fs";
import { join } from "node:path";
import { hasProgram } from "./processes.ts";
import { type RuntimeName, SOURCE } from "./worker.ts";

const RUNTIMES: RuntimeName[] = ["node", "bun"];

/** The runtimes that can be tested here. */
export const runtimes = RUNTIMES.filter((name) => existsSync(join(SOURCE, "node_modules", ".bin", name)));

/** A suite's title, which says why when it is skipped, and whether it is. */
export function needs(title: string, ...programs: string[]): [title: string, skipped: boolean] {
  const missing = programs.filter((program) => !(program === "bun" ? runtimes.includes("bun") : hasProgram(program)));
  return missing.length === 0 ? [title, false] : [`${title} (skipped: no ${missing.join(", no ")} on PATH)`, true];
}
