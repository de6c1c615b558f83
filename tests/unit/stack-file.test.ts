// Proves that a stack's file is read as Pulumi's CLI prints it, without the values of secrets. The CLI itself is not asked:
// the suites on engines run commands on real stacks.
import { expect, test } from "vitest";
import { rawConfigOf, withSetting } from "../../lib/settings/stack-file.ts";

test("values are texts, objects are JSON, and other namespaces are left out", () => {
  const text = [
    "config:",
    "  inngest-local:port: 9000",
    '  inngest-local:durable: "false"',
    "  inngest-local:gateway:",
    "    url: https://inngest.example.org",
    "  other:port: 1",
  ].join("\n");
  expect(rawConfigOf(text)).toEqual({
    values: { port: "9000", durable: "false", gateway: '{"url":"https://inngest.example.org"}' },
    encrypted: new Set(),
  });
});

test("a setting that is encrypted in whole or in part has no value", () => {
  const text = [
    "encryptionsalt: v1:abc",
    "config:",
    "  inngest-local:redisUrl:",
    "    secure: v1:ciphertext",
    "  inngest-local:workerEnv:",
    "    NAME: value",
    "    TOKEN:",
    "      secure: v1:ciphertext",
  ].join("\n");
  expect(rawConfigOf(text)).toEqual({ values: {}, encrypted: new Set(["redisUrl", "workerEnv"]) });
});

test("a file without settings has none", () => {
  expect(rawConfigOf("")).toEqual({ values: {}, encrypted: new Set() });
});

test("a file that imports a Pulumi environment is left to the CLI", () => {
  expect(rawConfigOf("environment:\n  - shared\nconfig: {}\n")).toBeUndefined();
});

test("a setting is written where it belongs, and comments and other values stay", () => {
  const text = [
    "# The quickest way.",
    "config:",
    "  inngest-local:tier: process # on this machine",
    '  inngest-local:apps: { worker: { dir: "a folder" } }',
    "",
  ].join("\n");
  expect(withSetting(text, "port", 8292)).toBe(`${text}  inngest-local:port: 8292\n`);
  expect(withSetting(withSetting(text, "port", 8292), "port", 8296)).toBe(`${text}  inngest-local:port: 8296\n`);
  expect(withSetting("", "port", 8292)).toBe("config:\n  inngest-local:port: 8292\n");
});
