// The SDK's modules as a program of its own loads them. Does not prove: how much time that saves; `npm run bench --
// preview`.
import { readFileSync } from "node:fs";
import { execa } from "execa";
import { expect, test } from "vitest";

const program = `
  import { createRequire } from "node:module";
  const { cache } = createRequire(import.meta.url);
  const loaded = () => ({
    typescript: Object.keys(cache).some((path) => path.endsWith("/typescript/lib/typescript.js")),
    arborist: Object.keys(cache).some((path) => path.includes("/@npmcli/arborist/lib/arborist/")),
  });
  const { runtime } = await import("@pulumi/pulumi");
  const before = loaded();
  const { text } = await runtime.serializeFunction(() => 41 + 1);
  const paths = await runtime.computeCodePaths();
  console.log(JSON.stringify({ before, after: loaded(), text, paths: paths.size }));
`;

async function run(...first: string[]) {
  const { stdout } = await execa(process.execPath, ["--input-type=module", "--eval", [...first, program].join("\n")]);
  return JSON.parse(stdout) as { before: object; after: object; text: string; paths: number };
}

test("the SDK serializes functions as it does, and loads what it needs for that no sooner", async () => {
  const plain = await run();
  const lazy = await run('import "./components/lazy-serializer.ts";');
  expect(plain.before).toEqual({ typescript: true, arborist: true });
  expect(lazy).toEqual({ ...plain, before: { typescript: false, arborist: false } });
  expect(lazy.text).toContain("41 + 1");
  expect(lazy.paths).toBeGreaterThan(0);
});

test("the program imports it before the SDK", () => {
  const [first] = readFileSync("index.ts", "utf8").match(/^import .*/gm) ?? [];
  expect(first).toBe('import "./components/lazy-serializer.ts";');
});
