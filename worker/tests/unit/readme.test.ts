// Proves that the README's tables are complete; not that what they say is right.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { functions } from "../../functions/index.ts";

const root = join(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(join(root, file), "utf8");

test("the README lists exactly the variables that are read", () => {
  const sources = ["environment.ts", "server/registration.ts"].map(read).join("\n");
  const used = new Set(
    sources.match(/\b(INNGEST|AI|AWS|REDIS|CLAIM|CHECKPOINT|TRANSCRIBE|WEBHOOK|DATA|APP)_[A-Z_]+\b/g),
  );
  for (const name of ["TRANSPORT", "WORK", "HOST", "PORT"]) used.add(name);
  const table = read("README.md").split("## Functions")[0] ?? "";
  const rows = table.split("\n").filter((line) => line.startsWith("| `"));
  const documented = rows.flatMap((row) => row.split("|")[1]?.match(/[A-Z_]{4,}/g) ?? []);
  expect(documented.toSorted()).toEqual([...used].toSorted());
});

test("the README lists every function", () => {
  const table = read("README.md").split("## Functions")[1]?.split("## HTTP")[0] ?? "";
  for (const fn of functions) expect(table).toContain(`\`${fn.id()}\``);
});
