// Proves how two plans are compared and printed, on small programs; diff.test.ts of the integration suite does so on the
// project's own. Does not prove that providers replace what replacement.ts says.
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { describe, expect, test } from "vitest";
import { comparePlans, type StackDiff } from "../../tools/diff/compare.ts";
import { leaves } from "../../tools/diff/properties.ts";
import { renderMarkdown, renderText } from "../../tools/diff/render.ts";
import { plan } from "../../tools/plan/planner.ts";
import { replaces } from "../../tools/plan/replacement.ts";
import type { StackPlan } from "../../tools/plan/revision.ts";
import { plannableSettings } from "../../tools/plan/settings.ts";

async function planOf(program: () => unknown): Promise<StackPlan> {
  const computed: Record<string, string> = {};
  const trackReplacements = {
    folderHash: (folder: string) => folder,
    onComputed: (value: string, description: string) => {
      computed[value] = description;
    },
  };
  const resources = await plan(program, { stack: "test", trackReplacements });
  const settings = { values: { tier: "docker" }, secrets: [], assumed: [] };
  return { stack: "test", resources, outputs: {}, secretOutputs: [], computed, files: {}, ...settings };
}

async function between(before: () => unknown, after: () => unknown): Promise<StackDiff> {
  const plans = async (program: () => unknown) => new Map([["test", await planOf(program)]]);
  const [base, head] = [await plans(before), await plans(after)];
  return comparePlans({ name: "base", plans: base }, { name: "head", plans: head }).stacks[0] as StackDiff;
}

class Part extends pulumi.ComponentResource {
  constructor(name: string) {
    super("inngest-local:index:Part", name);
  }
}

const volume = (name: string, opts?: pulumi.CustomResourceOptions) => new docker.Volume("data", { name }, opts);

describe("what is lost", () => {
  test("a volume that gets another name and is not kept", async () => {
    const { losses } = await between(
      () => volume("one"),
      () => volume("two"),
    );
    expect(losses).toEqual([
      { kind: "data", resource: "Volume data", text: "is replaced (name): one is deleted with everything in it" },
    ]);
  });

  test("not a volume with files that the program uploads, nor one in memory", async () => {
    const { losses } = await between(
      () => {
        new docker.Volume("memory", { name: "memory", driverOpts: { type: "tmpfs" } });
        volume("config");
        new docker.Container("writer", {
          image: "i",
          mustRun: false,
          volumes: [{ volumeName: "config", containerPath: "/c" }],
          uploads: [{ file: "/c/config.json", content: "{}" }],
        });
      },
      () => undefined,
    );
    expect(losses).toEqual([]);
  });

  test("a volume that is removed from the program", async () => {
    const { losses } = await between(
      () => volume("one", { retainOnDelete: true }),
      () => undefined,
    );
    expect(losses).toEqual([
      { kind: "left", resource: "Volume data", text: "is removed: the data stays in the old one, one" },
    ]);
  });

  test("a volume under another parent, unless an alias says that it is the same", async () => {
    const moved = await between(
      () => volume("one"),
      () => volume("one", { parent: new Part("part") }),
    );
    expect(moved.losses).toMatchObject([{ kind: "data", resource: "Volume data" }]);
    const aliased = await between(
      () => volume("one"),
      () => volume("one", { parent: new Part("part"), aliases: [{ parent: pulumi.rootStackResource }] }),
    );
    expect(aliased.losses).toEqual([]);
  });

  test("a password of another length, and what uses it", async () => {
    const password = (length: number) => () => {
      const { result } = new random.RandomPassword("key", { length });
      new docker.Container("server", { image: "image", envs: [pulumi.interpolate`KEY=${result}`, "PORT=1"] });
    };
    const { losses, resources } = await between(password(32), password(48));
    expect(losses).toMatchObject([{ kind: "keys", text: "is replaced (length): it gets another value" }]);
    expect(resources.find(({ resource }) => resource === "Container server")).toMatchObject({
      change: "replaced",
      properties: [{ path: "envs[KEY]", before: "[secret]", after: "[secret]", replaces: true }],
    });
  });
});

test("a restart policy is updated in place, and a health check unless the program has it replaced", () => {
  const container = "docker:index/container:Container";
  expect(replaces(container, "restart")).toBe(false);
  expect(replaces(container, "healthcheck.interval")).toBe(false);
  expect(replaces(container, "healthcheck.interval", ["healthcheck"])).toBe(true);
  expect(replaces(container, "ports[8288].external")).toBe(true);
  expect(replaces("kubernetes:apps/v1:StatefulSet", "spec.replicas")).toBe(false);
  expect(replaces("kubernetes:apps/v1:StatefulSet", "spec.serviceName")).toBe(true);
  expect(replaces("kubernetes:networking.k8s.io/v1:NetworkPolicy", "metadata.name")).toBe(true);
});

test("items of a list are found by their names, and texts that are JSON are parsed", () => {
  const value = { envs: ["A=1", "B=x=y"], ports: [{ internal: 1, ip: "i" }], stdin: '{"args":["start"]}', none: [] };
  expect(Object.fromEntries(leaves(value))).toEqual({
    "envs[A]": "1",
    "envs[B]": "x=y",
    "ports[1].internal": 1,
    "ports[1].ip": "i",
    "stdin.args[0]": "start",
    none: "[]",
  });
});

test("encrypted settings are planned without being decrypted, and all of workerEnv is secret", () => {
  const text = (cipher: string) =>
    [
      "config:",
      "  inngest-local:tier: docker",
      `  inngest-local:redisUrl:\n    secure: ${cipher}`,
      `  inngest-local:workerEnv:\n    AI_KEY:\n      secure: ${cipher}\n    AI_MODEL: a-model`,
    ].join("\n");
  const one = plannableSettings(text("v1:aaaa"));
  expect(one.encrypted).toEqual(["redisUrl", "workerEnv"]);
  expect(one.values.redisUrl).toMatch(/^redis:\/\/:[0-9a-f]{64}@redis\.secret:6379$/);
  expect(JSON.stringify(one.values)).not.toMatch(/aaaa|a-model/);
  expect(one.secrets).toHaveLength(3);
  expect(plannableSettings(text("v1:bbbb")).values.redisUrl).not.toBe(one.values.redisUrl);
  expect(plannableSettings(text("v1:aaaa"))).toEqual(one);
});

test("settings that a cluster's stack leaves open are assumed and listed", () => {
  expect(
    plannableSettings("config:\n  inngest-local:tier: cluster\n  inngest-local:kubeContext: mine").assumed,
  ).toEqual(["workerImage example/worker:1"]);
});

test("values of a plan cannot break out of the Markdown", async () => {
  const diff = {
    base: "base",
    head: "head",
    changed: true,
    stacks: [
      await between(
        () => volume("one"),
        () => volume("```</details><script>"),
      ),
    ],
  };
  const markdown = renderMarkdown(diff);
  expect(markdown).toContain("````diff");
  expect(markdown.match(/^````$/gm)).toHaveLength(1);
  expect(renderText(diff)).toContain("DATA LOSS  test: Volume data is replaced (name)");
});
