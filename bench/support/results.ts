import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Report } from "./measure.ts";
import { renderPlot } from "./plot.ts";

const folder = "bench/results";

/** Writes a report and its plot to `bench/results`. */
export function saveReport(report: Report): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${report.name}.json`), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(folder, `${report.name}.svg`), renderPlot(report));
}

/** The last saved report of a benchmark; `undefined` if it has never run. */
export function savedReport(name: string): Report | undefined {
  const file = join(folder, `${name}.json`);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Report) : undefined;
}
