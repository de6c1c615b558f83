// Proves that README stays short, and that the table of settings says the same as Pulumi.yaml's `config` block;
// docs.test.ts has that neither is stale. Does not prove that a description is true.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readYaml } from "../support/plan.ts";

interface Setting {
  default: unknown;
  description: string;
  secret?: boolean;
}

test("README has at most 120 lines", () => {
  expect(readFileSync("README.md", "utf8").trimEnd().split("\n").length).toBeLessThanOrEqual(120);
});

test("docs/settings.md lists every setting of Pulumi.yaml with its default and description, in order", () => {
  const { config } = readYaml<{ config: Record<string, Setting> }>("Pulumi.yaml");
  const rows = Object.entries(config).map(([key, { default: value, description, secret }]) => {
    const shown = value === "" || typeof value === "object" ? "" : `\`${value}\``;
    return `| \`${key}\` | ${shown} | ${description}${secret ? " (secret)" : ""} |`;
  });
  const table = readFileSync("docs/settings.md", "utf8");
  expect(table.split("\n").filter((line) => line.startsWith("| `"))).toEqual(rows);
});
