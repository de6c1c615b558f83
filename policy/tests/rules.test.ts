// Checks each rule against resources that violate it and resources that comply, with properties as the engine passes
// them. Does not prove that the engine passes them so or stops at a violation: tests/integration/policy.test.ts does.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { unknown } from "../resource.ts";
import { defaultsOf, rules } from "../rules/index.ts";
import type { Cases } from "./cases/cases.ts";
import { durabilityCases } from "./cases/durability.ts";
import { keysCases } from "./cases/keys.ts";
import { secretsCases } from "./cases/secrets.ts";
import { servicesCases } from "./cases/services.ts";
import { surfaceCases } from "./cases/surface.ts";
import {
  bareKey,
  container,
  prefixedKey,
  resource,
  soundPod,
  soundPodServer,
  soundQueue,
  soundServer,
  soundWorker,
  statefulSet,
} from "./resources.ts";

const cases: Cases = { ...servicesCases, ...durabilityCases, ...keysCases, ...secretsCases, ...surfaceCases };

test("every rule has cases that it rejects and cases that it accepts", () => {
  expect(Object.keys(cases).sort()).toEqual(rules.map(({ name }) => name).sort());
  for (const { rejects, accepts } of Object.values(cases)) {
    expect(rejects.length).toBeGreaterThan(0);
    expect(accepts.length).toBeGreaterThan(0);
  }
});

describe.each(rules)("$name", (rule) => {
  const { rejects, accepts } = cases[rule.name] as (typeof cases)[string];
  const defaults = defaultsOf(rule.settings ?? {});

  test.each(rejects)("rejects %s", (_, violating, violations, settings) => {
    expect(rule.check(violating, { ...defaults, ...settings })).toEqual(violations);
  });

  test.each(accepts)("accepts %s", (_, compliant, settings) => {
    expect(rule.check(compliant, { ...defaults, ...settings })).toEqual([]);
  });

  test("quotes no secret", () => {
    for (const [, violating, , settings] of rejects) {
      const violations = rule.check(violating, { ...defaults, ...settings }).join();
      for (const value of [bareKey, prefixedKey, "hunter2", "correct-horse"]) expect(violations).not.toContain(value);
    }
  });
});

test("no rule throws on properties of an unexpected shape", () => {
  const name = fc.constantFrom("name", "spec", "template", "metadata", "containers", "env", "envs", "ports", "volumes");
  const more = fc.constantFrom("value", "volumeMounts", "mounts", "uploads", "command", "image", "environment", "data");
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: "medium" },
      fc.constantFrom(null, undefined, unknown, "inngest start", 8288, true),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.oneof(name, more), tie("value"), { maxKeys: 4 }),
    ),
  }));
  const types = fc.constantFrom(
    "docker:index/container:Container",
    "docker:index/remoteImage:RemoteImage",
    "command:local:Command",
    ...["core/v1:Pod", "core/v1:Service", "core/v1:Secret", "apps/v1:StatefulSet"].map((kind) => `kubernetes:${kind}`),
  );
  fc.assert(
    fc.property(types, fc.dictionary(fc.oneof(name, more), value), (type, properties) => {
      for (const rule of rules) rule.check(resource(type, properties), defaultsOf(rule.settings ?? {}));
    }),
    { numRuns: 2_000 },
  );
});

describe("a compliant container", () => {
  test.each([
    ["server", container(soundServer)],
    ["worker", container(soundWorker)],
    ["queue", container(soundQueue)],
    ["server in a pod", statefulSet(soundPodServer, soundPod)],
  ])("violates no rule: %s", (_, compliant) => {
    const violated = rules.filter((rule) => rule.check(compliant, defaultsOf(rule.settings ?? {})).length > 0);
    expect(violated.map(({ name }) => name)).toEqual([]);
  });
});
