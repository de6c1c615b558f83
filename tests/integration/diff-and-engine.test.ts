// Proves, on the Docker tier, that what the diff says of a changed setting is what the engine and its providers would
// do to a stack that is up. Does not prove it of Kubernetes objects, nor of settings that are not tried here; of keys
// that are yet to be made, the engine's preview knows less than the diff.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { comparePlans } from "../../tools/diff/compare.ts";
import { missing, title } from "../../tools/engine.ts";
import { planRevision } from "../../tools/plan/revision.ts";
import { TestStack } from "../../tools/test-stack.ts";
import { docker, leftovers } from "../support/containers.ts";

const reason = await missing("pulumi", "docker");
const ops = { replaced: "replace", removed: "delete", changed: "update", added: "create" };

describe.skipIf(reason)(title("diff and engine agree", reason), () => {
  let stack: TestStack;
  let before: string;
  beforeAll(async () => {
    stack = await TestStack.create("persistent", { protectData: "false" });
    await stack.up();
    before = stack.settingsText();
  });
  afterAll(async () => {
    await stack.remove();
    for (const volume of leftovers(stack.name).volumes) docker("volume", "rm", volume);
  });

  /** The stack's settings file as it was and as it is, both planned. */
  async function said(): Promise<string[]> {
    const file = join(stack.home, `Pulumi.${stack.name}.yaml`);
    const after = readFileSync(file, "utf8");
    stack.linkProject();
    const planned = async (text: string) => {
      writeFileSync(file, text);
      return { name: "", plans: await planRevision(stack.home, [stack.name]) };
    };
    const diff = comparePlans(await planned(before), await planned(after));
    return (
      diff.stacks
        .flatMap(({ resources }) => resources)
        // What becomes of data when a stack is destroyed is no step of the engine's.
        .filter(({ properties }) => properties.some(({ path }) => !path.startsWith("(")))
        .map(({ change, type, resource }) => `${ops[change]} ${type}::${resource.split(" ")[1]}`)
        .sort()
    );
  }

  test.each([
    ["port", () => stack.port + 1],
    ["workerPort", () => stack.workerPort + 5],
    ["transport", () => "connect"],
    ["serverImage", () => "inngest/inngest:v0.0.0"],
    ["durable", () => false],
    ["dataDir", () => join(stack.home, "elsewhere")],
    ["queueImage", () => "redis:0.0.0"],
  ])("%s", async (key, value) => {
    stack.set(key, value());
    try {
      // The engine's own list has components too, which are nothing but their children.
      const real = (await stack.changes()).filter(({ resource }) => !resource.startsWith("inngest-local:"));
      expect(await said()).toEqual(real.map(({ op, resource }) => `${op} ${resource}`).sort());
      expect(real.length).toBeGreaterThan(0);
    } finally {
      stack.unset(key);
    }
  });
});
