// Proves where a stack's keys come from, and that they are secret from there on. The real StackReference is for the
// integration suites.
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { SigningKeys } from "../../components/signing-keys.ts";
import { keysAt } from "../../lib/stack/key-rotation.ts";
import { find, generated, otherStacks, type Planned, plan, planStack, secretFile, tree } from "../support/plan.ts";

describe("generated keys", () => {
  test("are passwords whose characters are hex digits", async () => {
    const { resources } = await planStack("dev");
    const characters = { lower: false, upper: false, special: true, overrideSpecial: "abcdef" };
    expect(find(resources, "RandomPassword keys-signing").inputs).toEqual({ length: 64, ...characters });
    expect(find(resources, "RandomPassword keys-event").inputs).toEqual({ length: 48, ...characters });
  });

  test("change only with their own settings", async () => {
    const one = await planStack("dev");
    const other = await planStack("dev", { port: "9000", durable: "false", workerPort: "9100" });
    for (const label of ["SigningKeys keys", "RandomPassword keys-signing", "RandomPassword keys-event"]) {
      expect(find(other.resources, label)).toEqual(find(one.resources, label));
    }
  });
});

describe("a key rotation", () => {
  const pair = (suffix: string) => ({
    signingKey: generated(`keys-signing${suffix}`, 64),
    eventKey: generated(`keys-event${suffix}`, 48),
  });
  const generatedKeys = (resources: Planned[]) =>
    tree(resources).filter((label) => label.includes("RandomPassword keys"));

  test.each(["accept", "switch", "retire"] as const)(
    "at %s keeps both generations, and gives server and worker their keys",
    async (step) => {
      const { resources, outputs } = await planStack("dev", { keys: JSON.stringify({ generation: 2, step }) });
      expect(generatedKeys(resources)).toEqual([
        "  RandomPassword keys-event",
        "  RandomPassword keys-event-2",
        "  RandomPassword keys-signing",
        "  RandomPassword keys-signing-2",
      ]);
      const { server, worker } = keysAt(step, pair("-2"), pair(""));
      expect(outputs).toMatchObject({ signingKey: server.signingKey, eventKey: server.eventKeys[0] });
      const specOf = (label: string) => JSON.parse(find(resources, label).inputs.stdin as string);
      expect(specOf("Command server-process").files[0].json).toMatchObject({
        "signing-key": server.signingKey,
        "event-key": server.eventKeys,
      });
      expect(specOf("Command worker-process").envFile).toMatchObject({
        INNGEST_SIGNING_KEY: worker.signingKey,
        INNGEST_EVENT_KEY: worker.eventKey,
        ...(worker.signingKeyFallback && { INNGEST_SIGNING_KEY_FALLBACK: worker.signingKeyFallback }),
      });
      // It calls both, so what it signs with must be good for both.
      expect(specOf("Command registration-sync").signingKey).toBe(server.signingKey);
    },
  );

  test("ends with the new generation alone", async () => {
    const { resources, outputs } = await planStack("dev", { keys: '{"generation":2}' });
    expect(generatedKeys(resources)).toEqual(["  RandomPassword keys-event-2", "  RandomPassword keys-signing-2"]);
    expect(outputs).toMatchObject(pair("-2"));
  });

  test("reaches a stack with keysFrom in the same way", async () => {
    const { resources } = await planStack("persistent", { keysFrom: "changing" });
    const { server, worker } = otherStacks.changing.keys;
    expect(JSON.parse(secretFile(resources, "server-config"))["event-key"]).toEqual(server.eventKeys);
    const { envFile } = JSON.parse(find(resources, "Command worker-process").inputs.stdin as string);
    expect(envFile.INNGEST_SIGNING_KEY_FALLBACK).toBe(worker.signingKeyFallback);
  });
});

describe("keysFrom", () => {
  test("reads the keys of the other stack and generates none", async () => {
    const { resources, outputs, secretOutputs } = await planStack("persistent", { keysFrom: "dev" });
    expect(tree(resources).filter((label) => /SigningKeys|keys-/.test(label))).toEqual([]);
    expect(find(resources, "StackReference keysFrom").inputs).toEqual({ name: "organization/inngest-local/dev" });
    expect(outputs).toMatchObject(otherStacks.dev);
    expect(secretOutputs.sort()).toEqual([
      "appEnvironment",
      "dashboardPassword",
      "eventKey",
      "keys",
      "signingKey",
      "stores",
    ]);
    expect(JSON.parse(secretFile(resources, "server-config"))).toMatchObject({
      "signing-key": otherStacks.dev.signingKey,
      "event-key": [otherStacks.dev.eventKey],
    });
  });

  test.each([
    ["that does not exist", "nowhere"],
    ["that is not up", "empty"],
  ])("naming a stack %s is refused before the tier is planned", async (_, stack) => {
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

  test("are used encrypted, and none is generated", async () => {
    const { resources, outputs, secretOutputs } = await planStack("dev", given, Object.keys(given));
    expect(tree(resources).filter((label) => label.includes("RandomPassword"))).toEqual([]);
    expect(outputs).toMatchObject(given);
    expect(secretOutputs.sort()).toEqual(["appEnvironment", "eventKey", "keys", "signingKey", "stores"]);
    for (const { label, inputs, secrets } of resources) {
      const clear = Object.entries(inputs).filter(([key]) => !secrets.includes(key));
      for (const key of Object.values(given)) expect(JSON.stringify(clear), label).not.toContain(key);
    }
  });

  test("are combined with a generated one", async () => {
    const { resources, outputs } = await planStack("dev", { eventKey: given.eventKey }, ["eventKey"]);
    expect(tree(resources).filter((label) => label.includes("RandomPassword"))).toEqual([
      "  RandomPassword keys-signing",
    ]);
    expect(outputs.eventKey).toBe(given.eventKey);
  });

  test("are secret even when the component gets them in clear text", async () => {
    let keys: SigningKeys | undefined;
    const resources = await plan(() => {
      keys = new SigningKeys("keys", given);
    });
    expect(await pulumi.isSecret((keys as SigningKeys).keys)).toBe(true);
    expect(JSON.stringify(resources.map(({ inputs, secrets }) => (secrets.length > 0 ? {} : inputs)))).not.toContain(
      given.eventKey,
    );
  });
});
