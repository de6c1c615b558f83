// Proves where a stack's keys come from, and that they are secret from there on. The real StackReference is for the
// integration suites.
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { SigningKeys } from "../../components/signing-keys.ts";
import { find, otherStacks, plan, planStack, tree } from "../support/plan.ts";

describe("keys of its own", () => {
  test("are passwords whose characters are hex digits", async () => {
    const { resources } = await planStack("dev");
    const characters = { lower: false, upper: false, special: true, overrideSpecial: "abcdef" };
    expect(find(resources, "RandomPassword keys-signing").inputs).toEqual({ length: 64, ...characters });
    expect(find(resources, "RandomPassword keys-event").inputs).toEqual({ length: 48, ...characters });
  });

  test("change only when their own settings do", async () => {
    const one = await planStack("dev");
    const other = await planStack("dev", { port: "9000", durable: "false", workerPort: "9100" });
    for (const label of ["SigningKeys keys", "RandomPassword keys-signing", "RandomPassword keys-event"]) {
      expect(find(other.resources, label)).toEqual(find(one.resources, label));
    }
  });
});

describe("keysFrom", () => {
  test("reads the other stack and generates none", async () => {
    const { resources, outputs, secretOutputs } = await planStack("persistent", { keysFrom: "dev" });
    expect(tree(resources).filter((label) => /SigningKeys|keys-/.test(label))).toEqual([]);
    expect(find(resources, "StackReference keysFrom").inputs).toEqual({ name: "organization/inngest-local/dev" });
    expect(outputs).toMatchObject(otherStacks.dev);
    expect(secretOutputs.sort()).toEqual(["appEnvironment", "eventKey", "signingKey"]);
    expect(find(resources, "Container server-inngest").inputs.envs).toEqual(
      expect.arrayContaining([
        `INNGEST_SIGNING_KEY=${otherStacks.dev.signingKey}`,
        `INNGEST_EVENT_KEY=${otherStacks.dev.eventKey}`,
      ]),
    );
  });

  test.each([
    ["that does not exist", "nowhere"],
    ["that is not up", "empty"],
  ])("of a stack %s is refused, before the tier is planned", async (_, stack) => {
    const error = await planStack("dev", { keysFrom: stack }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(pulumi.RunError);
    expect((error as Error).message).toBe(
      `\`keysFrom\` must name a stack that is up, got "${stack}". ` +
        `Remedy: pulumi up -s ${stack} first, choose one of \`pulumi stack ls\`, or pulumi config rm keysFrom`,
    );
  });
});

describe("given keys", () => {
  const given = { signingKey: "ab".repeat(32), eventKey: "mine-alone" };

  test("are used, encrypted, and none is generated", async () => {
    const { resources, outputs, secretOutputs } = await planStack("dev", given, Object.keys(given));
    expect(tree(resources).filter((label) => label.includes("RandomPassword"))).toEqual([]);
    expect(outputs).toMatchObject(given);
    expect(secretOutputs.sort()).toEqual(["appEnvironment", "eventKey", "signingKey"]);
    for (const { label, inputs, secrets } of resources) {
      const clear = Object.entries(inputs).filter(([key]) => !secrets.includes(key));
      for (const key of Object.values(given)) expect(JSON.stringify(clear), label).not.toContain(key);
    }
  });

  test("one given, the other generated", async () => {
    const { resources, outputs } = await planStack("dev", { eventKey: given.eventKey }, ["eventKey"]);
    expect(tree(resources).filter((label) => label.includes("RandomPassword"))).toEqual([
      "  RandomPassword keys-signing",
    ]);
    expect(outputs.eventKey).toBe(given.eventKey);
  });

  test("given in clear to the component are secret all the same", async () => {
    let keys: SigningKeys | undefined;
    const resources = await plan(() => {
      keys = new SigningKeys("keys", given);
    });
    expect(await pulumi.isSecret((keys as SigningKeys).signingKey)).toBe(true);
    expect(await pulumi.isSecret((keys as SigningKeys).eventKey)).toBe(true);
    expect(JSON.stringify(resources.map(({ inputs, secrets }) => (secrets.length > 0 ? {} : inputs)))).not.toContain(
      given.eventKey,
    );
  });
});
