import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Report } from "./measure.ts";
import { renderPlot } from "./plot.ts";
import { renderTable } from "./table.ts";

const folder = "bench/results";
const page = "docs/performance.md";

/** Writes a report and its plot. */
export function keepResult(report: Report): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${report.name}.json`), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(folder, `${report.name}.svg`), renderPlot(report));
}

/** Puts the table of every kept report into its place in docs/performance.md. */
export function renderPage(): void {
  const reports = readdirSync(folder).flatMap((file) =>
    file.endsWith(".json") ? [JSON.parse(readFileSync(join(folder, file), "utf8")) as Report] : [],
  );
  writeFileSync(page, filled(readFileSync(page, "utf8"), reports));
}

/** The page with each `<!-- NAME -->…<!-- /NAME -->` filled with that report's table. */
export function filled(text: string, reports: Report[]): string {
  return reports.reduce((before, report) => {
    const place = new RegExp(`(<!-- ${report.name} -->\n)[^]*?(<!-- /${report.name} -->)`);
    if (!place.test(before)) throw new Error(`${page} has no place for ${report.name}: <!-- ${report.name} -->`);
    return before.replace(place, (_, begin, end) => `${begin}${renderTable(report)}${end}`);
  }, text);
}
