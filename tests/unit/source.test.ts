// Proves what counts as a new version of a worker's source. Does not prove that `up` restarts the worker for it: that
// is for the integration suites.
import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sourceHash } from "../../lib/host/source.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "source-"));
  write("serve.ts", "serve");
  write("functions/one.ts", "one");
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(path: string, content: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

const hashAfter = (change: () => void): [string, string] => {
  const before = sourceHash(folder);
  change();
  return [before, sourceHash(folder)];
};

describe("the hash changes after", () => {
  test.each<[string, () => void]>([
    ["a changed content", () => write("functions/one.ts", "two")],
    ["a new file", () => write("functions/two.ts", "")],
    ["a file less", () => rmSync(join(folder, "functions/one.ts"))],
    ["a renamed file", () => renameSync(join(folder, "serve.ts"), join(folder, "server.ts"))],
    ["a file in another folder", () => renameSync(join(folder, "functions"), join(folder, "jobs"))],
    [
      "two contents that changed places",
      () => {
        write("serve.ts", "one");
        write("functions/one.ts", "serve");
      },
    ],
    ["a new lock file", () => write("package-lock.json", "{}")],
  ])("%s", (_, change) => {
    const [before, after] = hashAfter(change);
    expect(after).not.toBe(before);
  });
});

describe("the hash stays the same after", () => {
  test.each<[string, () => void]>([
    ["nothing", () => {}],
    ["a touch", () => utimesSync(join(folder, "serve.ts"), 1, 1)],
    ["an install", () => write("node_modules/hono/index.js", "")],
    ["an install further in", () => write("functions/node_modules/x/index.js", "")],
    ["a test", () => write("tests/unit/one.test.ts", "")],
    ["a build", () => write("dist/serve.js", "")],
    ["a hidden file", () => write(".env", "KEY=1")],
    ["a hidden folder", () => write(".git/HEAD", "ref")],
    ["an empty folder", () => mkdirSync(join(folder, "empty"))],
  ])("%s", (_, change) => {
    const [before, after] = hashAfter(change);
    expect(after).toBe(before);
  });
});

test("the hash does not depend on where the folder is", () => {
  const elsewhere = mkdtempSync(join(tmpdir(), "source-"));
  mkdirSync(join(elsewhere, "functions"));
  writeFileSync(join(elsewhere, "functions/one.ts"), "one");
  writeFileSync(join(elsewhere, "serve.ts"), "serve");
  expect(sourceHash(elsewhere)).toBe(sourceHash(folder));
  expect(sourceHash(folder)).toMatch(/^[0-9a-f]{64}$/);
  rmSync(elsewhere, { recursive: true });
});
