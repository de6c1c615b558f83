import { meetsTarget, type Report, type Result } from "./measure.ts";

/** A report as Markdown: plot, table, scope and machine. */
export function renderTable({ name, scope, results, machine }: Report): string {
  const { cpu, cores, memoryGiB, node, platform, load, date } = machine;
  return [
    `![${name}: ours against the baseline](../bench/results/${name}.svg)`,
    "",
    "| | ours | baseline | ratio | must reach |",
    "|---|--:|--:|--:|---|",
    ...results.map(row),
    "",
    scope,
    "",
    `${date.slice(0, 10)}, ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${platform}, Node ${node}; load ${load.before} before, ${load.after} at the end; ` +
      `samples: ${[...new Set(results.map(({ rounds }) => rounds))].join(", ")}.`,
  ].join("\n");
}

function row(result: Result): string {
  const { unit, ours, baseline, ratio, target } = result;
  const sign = target?.bound === "at most" ? "≤" : "≥";
  const goal = target ? `${sign} ${target.ratio}${meetsTarget(result) ? "" : ": **not reached**"}` : "";
  return `| ${result.case} | ${ours} ${unit} | ${baseline} ${unit} | ${ratio ?? "–"} | ${goal} |`;
}
