// Each patch of the SDK, by a program that the SDK's own runner runs with and without them. A release of the SDK that
// makes a patch useless fails here. Does not prove: how much time they save, which is for `npm run bench -- preview`.
import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { runOnFakeEngine } from "../support/fake-engine.ts";

interface Seen {
  atStart: { typescript: boolean; arborist: boolean; mapsStackTraces: boolean };
  afterSerializing: { typescript: boolean; arborist: boolean };
  text: string;
  paths: number;
}

const run = async (program: string) => {
  const { stdout, messages } = await runOnFakeEngine(`tests/fixtures/sdk-program/${program}.mjs`, { token: "hunter2" });
  return { seen: JSON.parse(stdout) as Seen, debugMessages: messages.join("\n") };
};

let plain: Awaited<ReturnType<typeof run>>;
let patched: Awaited<ReturnType<typeof run>>;
beforeAll(async () => {
  plain = await run("plain");
  patched = await run("patched");
}, 60_000);

test("the SDK loads TypeScript and Arborist at its start; with the patch when it serializes a function, as well as before", () => {
  expect(plain.seen.atStart).toMatchObject({ typescript: true, arborist: true });
  expect(patched.seen.atStart).toMatchObject({ typescript: false, arborist: false });
  expect(patched.seen).toEqual({ ...plain.seen, atStart: patched.seen.atStart });
  expect(patched.seen.text).toContain("41 + 1");
  expect(patched.seen.paths).toBeGreaterThan(0);
});

test("the SDK maps every stack trace to sources; with the patch none", () => {
  expect(plain.seen.atStart.mapsStackTraces).toBe(true);
  expect(patched.seen.atStart.mapsStackTraces).toBe(false);
});

test("the SDK sends a resource's outputs to the engine's debug log; with the patch nothing of a program", () => {
  expect(plain.debugMessages).toContain("hunter2");
  expect(patched.debugMessages).not.toContain("hunter2");
  expect(patched.debugMessages).toMatch(/Running program .*patched\.mjs.*$/);
});

test("the program imports the patches before the SDK", () => {
  const [first] = readFileSync("index.ts", "utf8").match(/^import .*/gm) ?? [];
  expect(first).toBe('import "./components/pulumi-sdk.ts";');
});
