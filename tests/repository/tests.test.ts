// Proves what test files keep to: unit tests start no process, each file states what it does not prove, and comments
// name files that exist. Reads them as text: it cannot tell whether what a file says it proves is proved.
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const files = globSync("tests/*/*.test.ts");
const sources = [...files, ...globSync(["tests/support/*.ts", "tools/**/*.ts"])].filter(
  (file) => !file.includes("node_modules"),
);
const read = (file: string) => readFileSync(file, "utf8");

/** Modules that start processes, among them the support of tests that belong to the project `process`. */
const startsProcesses = ["node:child_process", "child_process", "execa", "../support/host.ts", "../../lib/process.ts"];

test("a unit test imports nothing that starts a process", () => {
  const wrong = files
    .filter((file) => file.startsWith("tests/unit/"))
    .flatMap((file) =>
      [...read(file).matchAll(/(?:from|import\() ?"([^"]+)"/g)]
        .filter(([, name = ""]) => startsProcesses.includes(name))
        .map(([, name]) => `${file} imports ${name}: move it to tests/process/`),
    );
  expect(wrong).toEqual([]);
});

test("every test file begins with what it proves and what it does not", () => {
  const limits = /\b(not|no|nor|only|alone|never|is for|are for|belongs? to)\b/i;
  const wrong = files.filter((file) => {
    const [head = ""] = /^(?:\/\/.*\n)+/.exec(read(file)) ?? [];
    return !limits.test(head);
  });
  expect(wrong).toEqual([]);
});

test("comments name files that exist", () => {
  const wrong = sources.flatMap((file) =>
    commentsOf(read(file))
      .flatMap((comment) => [
        ...comment.matchAll(/(?<![\w./-])((?:[\w.-]+\/)+[\w.*-]+\.(?:ts|mjs|sh|md)|[\w.-]+\.test\.ts)\b/g),
      ])
      .map(([path]) => path)
      .filter((path) => ![path, join(dirname(file), path)].some((each) => globSync(each).length > 0))
      .map((path) => `${file} names ${path}`),
  );
  expect(wrong).toEqual([]);
});

function commentsOf(text: string): string[] {
  return [...text.matchAll(/(?:^|\s)\/\/ (.*)$|\/\*\*?([\s\S]*?)\*\//gm)].map(([, line, block]) => line ?? block ?? "");
}
