import type { Report, Result } from "./measure.ts";

const width = 760;
const left = 310;
const right = 90;
const rowHeight = 46;
const barHeight = 14;

/**
 * A report as an SVG: for each result a bar of each side, scaled to the larger one, with a line from the smallest to the
 * largest sample. Follows the light or dark theme of the viewer, also when embedded as an image.
 */
export function renderPlot({ name, results }: Report): string {
  const height = 40 + results.length * rowHeight;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(name)}">`,
    "<style>",
    "text { font: 13px system-ui, sans-serif; fill: #1f2328 } .quiet { fill: #59636e }",
    ".ours { fill: #0a66c2 } .baseline { fill: #8c959f } line { stroke: #1f2328; stroke-width: 1.5 }",
    "@media (prefers-color-scheme: dark) {",
    "text { fill: #e6edf3 } .quiet { fill: #9198a1 } .ours { fill: #4c9bf5 } .baseline { fill: #6e7681 } line { stroke: #e6edf3 }",
    "}",
    "</style>",
    `<rect class="ours" x="${left}" y="10" width="12" height="12"/><text x="${left + 18}" y="21">ours</text>`,
    `<rect class="baseline" x="${left + 70}" y="10" width="12" height="12"/><text x="${left + 88}" y="21">baseline</text>`,
    ...results.map((result, index) => row(result, 36 + index * rowHeight)),
    "</svg>",
    "",
  ].join("\n");
}

function row(result: Result, top: number): string {
  const { ours, baseline, unit, ratio, spread } = result;
  const largest = Math.max(ours, baseline, ...(spread ? [...spread.ours, ...spread.baseline] : []), Number.MIN_VALUE);
  const scale = (value: number) => Math.round((value / largest) * (width - left - right) * 10) / 10;
  const side = (kind: "ours" | "baseline", value: number, y: number) => {
    const [low, high] = spread?.[kind] ?? [value, value];
    const middle = y + barHeight / 2;
    const whisker =
      high > low ? `<line x1="${left + scale(low)}" x2="${left + scale(high)}" y1="${middle}" y2="${middle}"/>` : "";
    const labelX = left + Math.max(scale(value), scale(high)) + 6;
    return (
      `<rect class="${kind}" x="${left}" y="${y}" width="${scale(value)}" height="${barHeight}"/>${whisker}` +
      `<text class="quiet" x="${labelX}" y="${y + barHeight - 2}">${value} ${escapeXml(shortUnit(unit))}</text>`
    );
  };
  return (
    `<text x="${left - 10}" y="${top + 19}" text-anchor="end">${escapeXml(truncate(result.case))} <tspan class="quiet">${ratio === null ? "" : `×${ratio}`}</tspan></text>` +
    side("ours", ours, top) +
    side("baseline", baseline, top + barHeight + 2)
  );
}

function shortUnit(unit: string): string {
  return unit.length > 8 ? (unit.split(" ")[0] as string) : unit;
}

function truncate(text: string): string {
  return text.length > 35 ? `${text.slice(0, 34)}…` : text;
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
