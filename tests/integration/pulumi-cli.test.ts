// Which stacks the commands create and select, by Pulumi's real CLI on a backend and a home of its own. Does not prove which
// command selects: commands.test.ts runs `npm start`.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Pulumi } from "../../cli/lib/pulumi-cli.ts";
import { missing, title } from "../../tools/engine.ts";

const reason = await missing("pulumi");

describe.skipIf(reason)(title("stacks", reason), () => {
  const home = mkdtempSync(join(tmpdir(), "pulumi-home-"));
  afterAll(() => rmSync(home, { recursive: true }));

  let pulumi: Pulumi;
  beforeAll(async () => {
    pulumi = await Pulumi.find({
      ...process.env,
      PULUMI_HOME: home,
      PULUMI_BACKEND_URL: pathToFileURL(home).href,
      PULUMI_CONFIG_PASSPHRASE: "open sesame",
    });
  });
  const selected = async () => (await pulumi.capture(["stack", "--show-name", "--non-interactive"])).stdout.trim();

  test("a missing stack is created without being selected, and leaves no settings file", async () => {
    await pulumi.ensureStack("one");
    await pulumi.ensureStack("two");
    const { stdout } = await pulumi.capture(["stack", "ls", "--json"]);
    expect((JSON.parse(stdout) as { name: string }[]).map(({ name }) => name).sort()).toEqual(["one", "two"]);
    expect(await selected()).toBe("");
    expect(existsSync("Pulumi.one.yaml")).toBe(false);
  });

  test("a selected stack stays selected when another one is used", async () => {
    await pulumi.select("two");
    await pulumi.ensureStack("one");
    await pulumi.outputs("one");
    expect(await selected()).toBe("two");
  });
});
