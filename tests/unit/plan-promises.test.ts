// Proves what holds for every stack's plan: keys encrypted, no path of this machine, names of the stack's own. Leaks in
// state and logs of a real run are for the integration suites.
import { homedir, tmpdir } from "node:os";
import { beforeAll, describe, expect, test } from "vitest";
import { generated, type Planned, type PlannedStack, planStack } from "../support/plan.ts";

const redisUrl = "redis://:hunter2hunter2@127.0.0.1:6379";
const cases: [string, Record<string, string>, string[]][] = [
  ["dev", {}, []],
  ["dev", { redisUrl }, ["redisUrl"]],
  ["dev", { runtime: "bun" }, []],
  ["experiment", {}, []],
  ["persistent", {}, []],
  ["persistent", { workerPlacement: "container" }, []],
  ["persistent", { redisUrl, keysFrom: "dev" }, ["redisUrl"]],
];
const secrets = [
  generated("keys-signing", 64),
  generated("keys-event", 48),
  generated("queue-password", 32),
  generated("gateway-password", 32),
  generated("gateway-password hash", 53),
  generated("other-signing", 64),
  generated("other-event", 48),
  "hunter2hunter2",
];

/** Inputs that the engine would store in clear. */
function inClear({ inputs, secrets }: Planned) {
  return Object.fromEntries(Object.entries(inputs).filter(([key]) => !secrets.includes(key)));
}

describe.each(cases)("%s %j", (stack, extra, encrypted) => {
  let planned: PlannedStack;
  beforeAll(async () => {
    planned = await planStack(stack, extra, encrypted);
  });

  test("encrypts every key, wherever it goes", () => {
    const holders = planned.resources.filter(({ inputs }) =>
      secrets.some((key) => JSON.stringify(inputs).includes(key)),
    );
    expect(holders.length).toBeGreaterThan(2);
    for (const resource of planned.resources) {
      for (const key of secrets) expect(JSON.stringify(inClear(resource)), resource.label).not.toContain(key);
    }
  });

  test("encrypts the output of programs that get keys", () => {
    const told = planned.resources.filter(({ type, secrets }) => type.startsWith("command:") && secrets.length > 0);
    for (const { label, options } of told) {
      expect(options.additionalSecretOutputs, label).toEqual(["stdout", "stderr"]);
    }
  });

  test("exports keys as secrets only", () => {
    const { outputs, secretOutputs } = planned;
    const open = Object.entries(outputs).filter(([name]) => !secretOutputs.includes(name));
    for (const key of secrets) expect(JSON.stringify(open)).not.toContain(key);
    expect(outputs.signingKey).toMatch(/^[0-9a-f]{64}$/);
    expect(outputs.eventKey).toMatch(/^[0-9a-f]{48}$/);
  });

  test("passes no key on a command line", () => {
    for (const { label, inputs } of planned.resources) {
      const lines = JSON.stringify([inputs.create, inputs.delete, inputs.command, inputs.entrypoints]);
      for (const key of secrets) expect(lines, label).not.toContain(key);
    }
  });

  test("holds no path of this machine", () => {
    for (const { label, type, inputs } of planned.resources) {
      const text = JSON.stringify(inputs);
      // A container has a /tmp of its own.
      const temporary = type === "docker:index/container:Container" ? [] : [tmpdir()];
      for (const path of [process.cwd(), homedir(), ...temporary]) {
        expect(text.includes(`"${path}`) || text.includes(`${path}/`), `${label}: ${path}`).toBe(false);
      }
    }
  });

  test("has the stack's name in every name that is global on the machine", () => {
    for (const { label, type, inputs } of planned.resources) {
      if (type.startsWith("docker:") && !type.includes("emoteImage")) {
        expect(inputs.name ?? inputs.imageName, label).toMatch(new RegExp(`^inngest-${stack}\\b`));
      }
      if (label.endsWith("-process")) expect(inputs.triggers, label).toContain(stack);
    }
  });

  test("publishes on 127.0.0.1 only", () => {
    for (const { label, inputs } of planned.resources) {
      for (const { ip } of (inputs.ports ?? []) as { ip?: string }[]) expect(ip, label).toBe("127.0.0.1");
    }
  });

  test("converts no Output to text by accident", () => {
    expect(JSON.stringify(planned.resources)).not.toContain("Calling [to");
    expect(JSON.stringify(planned.outputs)).not.toContain("Calling [to");
  });

  test("changes nothing of this machine before the preflight", () => {
    const first = planned.resources.filter(({ parent }) => parent === undefined);
    for (const { label, type, options } of first) {
      // The registration waits for server and worker; reading another stack and starting a plugin change nothing.
      if (/Preflight|Registration|StackReference|^pulumi:providers:/.test(type)) continue;
      expect(options.dependsOn, label).toContain("preflight-check");
    }
  });

  test("is the same when planned again", async () => {
    expect(await planStack(stack, extra, encrypted)).toEqual(planned);
  });
});

test("stacks whose ports differ share nothing but the images they pull", async () => {
  const names = async (stack: string) => {
    const { resources } = await planStack(stack, { port: "9000", tier: "docker" });
    const docker = resources.filter(({ type }) => type.startsWith("docker:") && !type.includes("emoteImage"));
    return docker.map(({ type, inputs }) => `${type} ${inputs.name}`);
  };
  const [one, other] = [await names("persistent"), await names("dev")];
  expect(one.length).toBeGreaterThan(0);
  expect(one.filter((name) => other.includes(name))).toEqual([]);
});
