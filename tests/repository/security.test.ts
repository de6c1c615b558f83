// SECURITY.md names tests that there are. Does not prove that they test what its rows say.
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const rows = readFileSync("SECURITY.md", "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .slice(1);

test("every threat names who, what stops it, and a test that there is", () => {
  expect(rows.length).toBeGreaterThan(10);
  for (const row of rows) {
    const [threat, who, stop, tests] = row.slice(2, -2).split(" | ") as [string, string, string, string];
    expect([threat, who, stop].every(Boolean), row).toBe(true);
    const files = [...tests.matchAll(/`([^`]+)`/g)].map(([, file]) => file as string);
    expect(files.length, threat).toBeGreaterThan(0);
    expect(files.filter((file) => !existsSync(file))).toEqual([]);
  }
});
