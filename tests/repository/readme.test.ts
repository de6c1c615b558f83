// The README's settings table is the one of Pulumi.yaml. Does not prove that a description is true.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { settingRows } from "../../cli/docs/blocks.ts";

test("README lists every setting of Pulumi.yaml with its default and description, in order", () => {
  const table = readFileSync("README.md", "utf8").split("\n## Settings\n")[1]?.split("\n## ")[0] ?? "";
  expect(table.split("\n").filter((line) => line.startsWith("| `"))).toEqual(settingRows());
});
