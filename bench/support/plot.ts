import type { Report, Result } from "./measure.ts";

const width = 760;
const left = 310;
const right = 90;
const rowHeight = 46;
const bar = 14;

/**
 * A report as an SVG: for each case a bar of ours and one of the baseline, in a scale of their own, with a line from the
 * smallest to the largest sample. Readable on a light and on a dark page, also where it is shown as an image.
 */
export function renderPlot({ name, results }: Report): string {
  const height = 40 + results.length * rowHeight;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(name)}">`,
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
    const middle = y + bar / 2;
    const whisker =
      high > low ? `<line x1="${left + scale(low)}" x2="${left + scale(high)}" y1="${middle}" y2="${middle}"/>` : "";
    const end = left + Math.max(scale(value), scale(high)) + 6;
    return (
      `<rect class="${kind}" x="${left}" y="${y}" width="${scale(value)}" height="${bar}"/>${whisker}` +
      `<text class="quiet" x="${end}" y="${y + bar - 2}">${value} ${escaped(shortUnit(unit))}</text>`
    );
  };
  return (
    `<text x="${left - 10}" y="${top + 19}" text-anchor="end">${escaped(shortened(result.case))} <tspan class="quiet">${ratio === null ? "" : `×${ratio}`}</tspan></text>` +
    side("ours", ours, top) +
    side("baseline", baseline, top + bar + 2)
  );
}

function shortUnit(unit: string): string {
  return unit.length > 8 ? (unit.split(" ")[0] as string) : unit;
}

function shortened(text: string): string {
  return text.length > 35 ? `${text.slice(0, 34)}…` : text;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
