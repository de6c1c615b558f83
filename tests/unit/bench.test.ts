// What the benchmarks make of samples: figures, plots, the page. Does not prove that a sample was measured well.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { fillHistory } from "../../bench/support/history.ts";
import { compare, figure, interleave, meetsTarget, quantile, type Report } from "../../bench/support/measure.ts";
import { renderPlot } from "../../bench/support/plot.ts";
import { sendDelays } from "../../bench/support/samples.ts";
import { renderTable } from "../../bench/support/table.ts";

const machine = {
  cpu: "A <fast> one",
  cores: 2,
  memoryGiB: 8,
  node: "v24.0.0",
  platform: "linux x64",
  load: { before: 0.1, after: 1.9 },
  date: "2026-01-02T03:04:05.000Z",
};
const sample: Report = {
  name: "example",
  scope: "What it proves.",
  results: [
    figure("first & fast", "ms", [30, 10, 20], [40, 50, 60], 3, { target: { bound: "at most", ratio: 0.5 } }),
    figure("rate", "runs/s", [9], [10], 1, { target: { bound: "at least", ratio: 2 } }),
    figure("nothing asked", "MB", [0], [10], 1),
    figure("nothing to compare", "steps", [3], [0], 1),
  ],
  machine,
};

test("a figure is two medians, their ratio, and the spread of both", () => {
  expect(sample.results[0]).toEqual({
    case: "first & fast",
    unit: "ms",
    ours: 20,
    baseline: 50,
    ratio: 0.4,
    rounds: 3,
    target: { bound: "at most", ratio: 0.5 },
    spread: { ours: [10, 30], baseline: [40, 60] },
  });
  expect(sample.results.map(meetsTarget)).toEqual([true, false, undefined, undefined]);
});

test("a quantile is a sample, whatever the order they came in", () => {
  const samples = Array.from({ length: 20 }, (_, index) => 20 - index);
  expect([0, 0.5, 0.95, 1].map((at) => quantile(samples, at))).toEqual([1, 11, 20, 20]);
  expect(() => quantile([], 0.5)).toThrow("cannot take a quantile of no samples");
});

test("sides are measured in turn, the other way round every other round", async () => {
  const order: string[] = [];
  const side = (name: string) => async () => order.push(name);
  const found = await interleave("t", 3, { a: side("a"), b: side("b"), c: side("c") });
  expect(order.join("")).toBe("abccbaabc");
  expect(found).toEqual({ a: [1, 6, 7], b: [2, 5, 8], c: [3, 4, 9] });
  const result = await compare(
    "t",
    2,
    async () => 3,
    async () => 2,
  );
  expect(result).toMatchObject({ ours: 3, baseline: 2, ratio: 1.5, rounds: 2, unit: "ms" });
});

test("events come once in each part of the bus's interval, in no order", () => {
  const found = sendDelays(25);
  const inOrder = found.toSorted((a, b) => a - b);
  expect(inOrder.map((delay) => Math.floor((delay - 250) / 10))).toEqual(Array.from({ length: 25 }, (_, part) => part));
  expect(found).not.toEqual(inOrder);
});

test("the plot of a report", async () => {
  await expect(renderPlot(sample)).toMatchFileSnapshot("../rendered/bench-plot.svg");
});

test("the table of a report says what was not reached", async () => {
  await expect(`${renderTable(sample)}\n`).toMatchFileSnapshot("../rendered/bench-table.md");
});

test("a store is filled with copies of its runs, each with ids of its own", () => {
  const file = join(mkdtempSync(join(tmpdir(), "fill-")), "main.db");
  const database = new DatabaseSync(file);
  const keys = {
    events: "internal_id blob unique, event_id text unique",
    function_runs: "run_id blob unique, event_id blob",
    function_finishes: "run_id blob unique",
    history: "id blob unique, run_id blob, event_id blob, group_id text, idempotency_key text unique",
    traces: "trace_id text, span_id text unique, run_id text",
    trace_runs: "run_id char(26) primary key, trace_id blob",
    spans: "span_id text unique, trace_id text, dynamic_span_id text, run_id text",
  };
  for (const [table, columns] of Object.entries(keys)) {
    database.exec(`create table ${table} (${columns}, same text)`);
    const values = columns.split(", ").map(() => "randomblob(16)");
    const rows = table === "spans" ? 6 : 3;
    for (let row = 0; row < rows; row++) database.exec(`insert into ${table} values (${values.join(", ")}, 'kept')`);
  }
  expect(fillHistory(file, 10)).toBe(10);
  const count = (table: string) => database.prepare(`select count(*) as n, min(same) as same from ${table}`).get();
  expect(count("trace_runs")).toEqual({ n: 10, same: "kept" });
  expect(count("spans")).toEqual({ n: 20, same: "kept" });
  expect(fillHistory(file, 5)).toBe(10);
  database.close();
  rmSync(dirname(file), { recursive: true });
});
