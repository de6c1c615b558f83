// The README's settings table is the one of Pulumi.yaml. Does not prove that a description is true.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";

interface Setting {
  default: unknown;
  description: string;
  secret?: boolean;
}

test("README lists every setting of Pulumi.yaml with its default and description, in order", () => {
  const { config } = parse(readFileSync("Pulumi.yaml", "utf8")) as { config: Record<string, Setting> };
  const rows = Object.entries(config).map(([key, setting]) => {
    const none = setting.default === "" || typeof setting.default === "object";
    const value = none ? "" : `\`${setting.default}\``;
    return `| \`${key}\` | ${value} | ${setting.description}${setting.secret ? " (secret)" : ""} |`;
  });
  const table = readFileSync("README.md", "utf8").split("\n## Settings\n")[1]?.split("\n## ")[0] ?? "";
  expect(table.split("\n").filter((line) => line.startsWith("| `"))).toEqual(rows);
});
