import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fillBlocks } from "../../cli/docs/blocks.ts";
import type { Report } from "./measure.ts";
import { renderPlot } from "./plot.ts";

const folder = "bench/results";
const page = "docs/performance.md";

/** Writes a report, its plot, and its table in the page. */
export function keepResult(report: Report): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${report.name}.json`), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(folder, `${report.name}.svg`), renderPlot(report));
  writeFileSync(page, fillBlocks(readFileSync(page, "utf8"), {}));
}

/** The last report of that name. */
export function keptResult(name: string): Report | undefined {
  const file = join(folder, `${name}.json`);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Report) : undefined;
}
