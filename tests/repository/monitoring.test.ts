// Proves that the rules and the dashboard are sound files about metrics that the server has; with promtool on PATH also
// that Prometheus takes them. That the server tells these metrics is for the integration suites.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { onPath } from "../../lib/host/programs.ts";

/** What server 1.43.0, the kubelet and node_exporter tell, and what Prometheus adds. */
const metrics = [
  "inngest_function_run_ended_total",
  "inngest_function_run_scheduled_total",
  "inngest_function_run_started_total",
  "inngest_queue_depth",
  "inngest_sdk_req_ended_total",
  "inngest_sdk_req_started_total",
  "kubelet_volume_stats_available_bytes",
  "kubelet_volume_stats_capacity_bytes",
  "node_filesystem_avail_bytes",
  "node_filesystem_size_bytes",
  "up",
];

interface Rule {
  alert: string;
  expr: string;
  annotations: Record<string, string>;
}

const { groups } = parse(readFileSync("monitoring/alerts.yml", "utf8")) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(readFileSync("monitoring/grafana-dashboard.json", "utf8")) as {
  panels: { id: number; title: string; targets: { expr: string }[] }[];
};
const asked = (expression: string) => expression.match(/\b(?:inngest|node|kubelet)_\w+|\bup\b/g) ?? [];

test.each(rules.map((rule) => [rule.alert, rule] as const))(
  "the alert %s asks for known metrics, and names a remedy",
  (_, rule) => {
    expect(asked(rule.expr).length).toBeGreaterThan(0);
    expect(asked(rule.expr).filter((name) => !metrics.includes(name))).toEqual([]);
    expect(Object.keys(rule.annotations)).toEqual(["summary", "remedy"]);
  },
);

test("the dashboard's panels ask for every metric, and for no other", () => {
  const names = dashboard.panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => asked(expr)));
  expect([...new Set(names)].sort()).toEqual(metrics);
  expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
});

test.skipIf(!onPath("promtool"))("Prometheus takes rules and configuration", () => {
  const folder = mkdtempSync(join(tmpdir(), "monitoring-"));
  for (const file of ["alerts.yml", "prometheus.yml"]) {
    writeFileSync(join(folder, file), readFileSync(join("monitoring", file)));
  }
  writeFileSync(join(folder, "dashboard-password"), "secret");
  execFileSync("promtool", ["check", "config", join(folder, "prometheus.yml")], { stdio: "pipe" });
  rmSync(folder, { recursive: true });
});
