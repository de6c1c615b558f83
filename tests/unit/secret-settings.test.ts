// Proves what readSettings does with values that are secret. That Pulumi hands them over like this is for the
// integration suites.
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { expect, test } from "vitest";
import { toProgramSettings } from "../../components/settings.ts";
import { secretKeys } from "../../lib/settings/schema.ts";
import { readSettings } from "../../lib/settings/settings.ts";
import { settled } from "../support/plan.ts";
import { alone, complaint, read } from "../support/settings.ts";

test.each(secretKeys)("%s in clear is refused", (key) => {
  expect(complaint({ [key]: "redis://:hunter2@host" })).toBe(
    alone(
      `\`${key}\` must be encrypted, and it stands in clear in the stack's file. Remedy: pulumi config set --secret ${key}`,
    ),
  );
});

test.each([
  ["signingKey", "abc".repeat(11), "must have an even number of hex digits, and its value has 33"],
  ["signingKey", "", "must be hex digits only, and its value is not"],
  ["eventKey", "", "must not be empty"],
  ["redisUrl", "http://host", "must be a URL such as redis://:password@host:6379, and its value is not"],
  ["redisUrl", "host:6379", "must be a URL such as redis://:password@host:6379, and its value is not"],
  ["redisUrl", "redis://", "must be a URL such as redis://:password@host:6379, and its value is not"],
  [
    "postgresUrl",
    "mysql://h/d",
    "must be a URL such as postgres://user:password@host:5432/inngest, and its value is not",
  ],
  ["postgresUrl", "h:5432/d", "must be a URL such as postgres://user:password@host:5432/inngest, and its value is not"],
])("%s %j is refused", (key, value, rule) => {
  expect(complaint({ [key]: value }, [key])).toBe(
    alone(`\`${key}\` ${rule}. Remedy: pulumi config set --secret ${key}, or pulumi config rm ${key}`),
  );
});

test("secrets are outputs that Pulumi encrypts", async () => {
  const values = {
    signingKey: "ab".repeat(32),
    eventKey: "mine",
    redisUrl: "rediss://:hunter2@host:6380/1",
    postgresUrl: "postgres://inngest:hunter2@host:5432/inngest",
  };
  const settings = toProgramSettings(read(values, Object.keys(values)));
  for (const key of secretKeys) {
    const output = { ...settings, ...settings.keys }[key] as pulumi.Output<string>;
    expect(await pulumi.isSecret(output)).toBe(true);
    expect(await settled(output)).toBe(values[key]);
  }
});

test("secrets print as [secret], as text and as JSON", () => {
  const { signingKey } = read({ signingKey: "ab".repeat(32) }, ["signingKey"]).keys;
  expect([`${signingKey}`, JSON.stringify({ signingKey })]).toEqual(["[secret]", '{"signingKey":"[secret]"}']);
});

test("secrets that cannot be decrypted still count as set", () => {
  const { redisUrl } = readSettings("test", { values: {}, encrypted: new Set(["redisUrl"]) });
  expect(() => redisUrl?.reveal()).toThrow("the value of this setting was not decrypted");
});

test("no error text contains a secret", () => {
  const secretive = fc.oneof(
    fc.string({ minLength: 12 }),
    fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 13 }),
    fc.string({ minLength: 8 }).map((text) => `signkey-prod-${text}`),
    fc.string({ minLength: 8 }).map((text) => `redis://:${text}`),
  );
  fc.assert(
    fc.property(fc.constantFrom(...secretKeys), secretive, fc.boolean(), (key, value, isEncrypted) => {
      const text = complaint({ [key]: value, tier: "wrong" }, isEncrypted ? [key] : []);
      expect(text).toContain("`tier` must be");
      expect(text).not.toContain(value);
      expect(text).not.toContain(value.replace(/^(signkey-prod-|redis:\/\/:)/, ""));
    }),
  );
});
