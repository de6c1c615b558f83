// Judges this project's own stacks by its policy pack with every value known, keys included, which a preview of a new
// stack does not know yet. That the pack runs in the CLI is for tests/integration/policy.test.ts.
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { Resource } from "../../policy/resource.ts";
import { defaultsOf, rules } from "../../policy/rules/index.ts";
import { workloadsOf } from "../../policy/workload.ts";
import { keepsData } from "../../tools/plan/data.ts";
import { type Planned, planStack } from "../support/plan.ts";

const cluster = { kubeContext: "test", workerImage: "registry.example/worker:1" };
const redisUrl = "redis://:hunter2@redis.example:6379";
const postgresUrl = "postgres://me:hunter2@pg.example/inngest";

/** Each with the roles that the pack must recognize, so that finding nothing means something. */
const cases: [stack: string, extra: Record<string, string>, roles: string[]][] = [
  ["dev", {}, []],
  ["dev", { redisUrl }, []],
  ["experiment", {}, ["server"]],
  ["experiment", { workerPlacement: "container" }, ["server"]],
  ["persistent", {}, ["queue", "server"]],
  // A worker's container finds its variables in a file, and the pack takes it for any container.
  ["persistent", { workerPlacement: "container" }, ["queue", "server"]],
  ["persistent", { transport: "connect" }, ["queue", "server"]],
  ["persistent", { redisUrl }, ["server"]],
  ["kubernetes", cluster, ["queue", "server"]],
  ["kubernetes", { ...cluster, exposure: "nodePort" }, ["queue", "server"]],
  ["cluster", cluster, ["database", "queue", "server"]],
  ["cluster", { ...cluster, redisUrl, postgresUrl }, ["server"]],
];

test("docs/policy.md lists every rule with its level, its reason and its settings, in order", () => {
  const rows = rules.map(({ name, level, description, settings = {} }) => {
    const defaults = Object.entries(defaultsOf(settings)).map(([key, value]) => `\`${key}\` ${JSON.stringify(value)}`);
    return `| \`${name}\` | ${level} | ${description} | ${defaults.join(", ")} |`;
  });
  const lines = readFileSync("docs/policy.md", "utf8").split("\n");
  expect(lines.filter((line) => line.startsWith("| `"))).toEqual(rows);
});

describe.each(cases)("%s %j", (stack, extra, roles) => {
  let resources: Planned[];
  beforeAll(async () => {
    const encrypted = ["redisUrl", "postgresUrl"].filter((key) => key in extra);
    resources = (await planStack(stack, extra, encrypted)).resources;
  });

  test("breaks no rule", () => {
    const judged = resources.map((planned) => judgedOf(planned, resources));
    const found = judged.flatMap(workloadsOf).flatMap(({ role }) => role ?? []);
    expect([...new Set(found)].sort()).toEqual(roles);
    const seen = rules.flatMap((rule) => {
      const settings = defaultsOf(rule.settings ?? {});
      return judged.flatMap((resource) => rule.check(resource, settings).map((what) => `${rule.name}: ${what}`));
    });
    expect(seen).toEqual([]);
  });

  test("keeps every volume, which the pack believes of our components", () => {
    for (const { label, options } of resources.filter(keepsData(resources))) {
      expect(options.retainOnDelete, label).toBe(true);
    }
  });
});

function judgedOf(planned: Planned, all: Planned[]): Resource {
  const { type, inputs, options } = planned;
  return {
    type,
    typeChain: typeChainOf(planned, all),
    properties: inputs,
    protect: options.protect,
    additionalSecretOutputs: options.additionalSecretOutputs,
  };
}

function typeChainOf({ type, parent }: Planned, all: Planned[]): string {
  const above = all.find(({ label }) => label === parent);
  return above ? `${typeChainOf(above, all)}$${type}` : type;
}
