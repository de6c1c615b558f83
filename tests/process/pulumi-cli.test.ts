// Proves which Pulumi versions will do, and which backend and passphrase the commands use. Pulumi's CLI itself is for
// the integration suites.
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { atLeast } from "../../lib/host/versions.ts";
import { Home } from "../support/host.ts";

describe("atLeast", () => {
  test.each([
    ["3.259.0", "3.259.0", true],
    ["v3.259.0\n", "3.259.0", true],
    ["v3.260.0", "3.259.0", true],
    ["v3.259.1", "3.259.0", true],
    ["v4.0.0", "3.259.9", true],
    ["v3.258.9", "3.259.0", false],
    ["v2.300.0", "3.259.0", false],
    ["v3.99.0", "3.259.0", false],
    ["v3.260.0-alpha.1", "3.259.0", true],
    ["", "3.259.0", false],
    ["command not found", "3.259.0", false],
  ])("%j is at least %s: %s", (version, wanted, expected) => {
    expect(atLeast(version, wanted)).toBe(expected);
  });

  test("orders versions by their numbers", () => {
    const numbers = fc.tuple(fc.nat(5), fc.nat(400), fc.nat(20));
    const order = (a: number[], b: number[]) => a.map((n, i) => n - (b[i] as number)).find((n) => n !== 0) ?? 0;
    fc.assert(fc.property(numbers, numbers, (a, b) => atLeast(`v${a.join(".")}`, b.join(".")) === order(a, b) >= 0));
  });
});

describe("ownBackend", () => {
  let home: Home;
  beforeEach(() => {
    home = new Home();
  });
  afterEach(() => home.dispose());

  /** In a process of its own, because a home is settled when a process starts. */
  async function ownBackend(environment: NodeJS.ProcessEnv = {}): Promise<Record<string, string>> {
    const script = `
      const { ownBackend } = await import("./cli/lib/pulumi-backend.ts");
      console.log(JSON.stringify(ownBackend(process.env)));`;
    const nothing = { PULUMI_CONFIG_PASSPHRASE: undefined };
    const { stdout, stderr } = await home.node(["--input-type=module", "--eval", script], "", {
      ...nothing,
      ...environment,
    });
    expect(stderr).toBe("");
    return JSON.parse(stdout);
  }
  const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

  test("is a private folder and passphrase outside the repository for a user without a backend", async () => {
    const own = await ownBackend();
    const folder = fileURLToPath(own.PULUMI_BACKEND_URL as string);
    const file = own.PULUMI_CONFIG_PASSPHRASE_FILE as string;
    expect([folder, file].filter((path) => !path.startsWith(home.folder))).toEqual([]);
    expect(own.PULUMI_BACKEND_URL).toBe(pathToFileURL(folder).href);
    expect([mode(folder), mode(file)]).toEqual(["700", "600"]);
    expect(readFileSync(file, "utf8")).toMatch(/^[0-9a-f]{64}\n$/);
    expect(own).not.toHaveProperty("PULUMI_CONFIG_PASSPHRASE");
  });

  test("stays the same on the next call", async () => {
    const first = await ownBackend();
    const passphrase = readFileSync(first.PULUMI_CONFIG_PASSPHRASE_FILE as string, "utf8");
    expect(await ownBackend()).toEqual(first);
    expect(readFileSync(first.PULUMI_CONFIG_PASSPHRASE_FILE as string, "utf8")).toBe(passphrase);
  });

  test.each([
    ["PULUMI_BACKEND_URL", "s3://state"],
    ["PULUMI_ACCESS_TOKEN", "pul-0123"],
  ])("is not used with %s", async (name, value) => {
    const own = await ownBackend({ [name]: value });
    expect(own).not.toHaveProperty(name);
    expect(own).not.toHaveProperty("PULUMI_BACKEND_URL");
  });

  test.each([
    ["PULUMI_CONFIG_PASSPHRASE", "mine"],
    ["PULUMI_CONFIG_PASSPHRASE", ""],
    ["PULUMI_CONFIG_PASSPHRASE_FILE", "/somewhere/passphrase"],
  ])("keeps %s=%j and writes no passphrase", async (name, value) => {
    const own = await ownBackend({ [name]: value });
    expect(Object.keys(own).filter((key) => key.includes("PASSPHRASE"))).toEqual([]);
    expect(existsSync(join(home.folder, "config"))).toBe(false);
  });

  test("is not used for a user who is logged in", async () => {
    home.file(".pulumi/credentials.json", '{"current": "https://api.pulumi.com"}');
    expect(await ownBackend()).not.toHaveProperty("PULUMI_BACKEND_URL");
  });

  test.each(['{"current": ""}', "{}", "{"])("is used with credentials %s, which are no login", async (credentials) => {
    home.file("elsewhere/credentials.json", credentials);
    expect(await ownBackend({ PULUMI_HOME: join(home.folder, "elsewhere") })).toHaveProperty("PULUMI_BACKEND_URL");
  });
});
