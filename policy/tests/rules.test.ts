// Each rule with what breaks it and what keeps it, on properties as the engine hands them over. That the engine hands
// them over so, and stops for a violation, is for tests/integration/policy.test.ts of the project.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { unknown } from "../resource.ts";
import { defaultsOf, rules } from "../rules/index.ts";
import type { Cases } from "./cases/cases.ts";
import { keepingCases } from "./cases/keeping.ts";
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

const cases: Cases = { ...servicesCases, ...keepingCases, ...keysCases, ...secretsCases, ...surfaceCases };

test("every rule has what breaks it and what keeps it", () => {
  expect(Object.keys(cases).sort()).toEqual(rules.map(({ name }) => name).sort());
  for (const { breaks, keeps } of Object.values(cases)) {
    expect(breaks.length).toBeGreaterThan(0);
    expect(keeps.length).toBeGreaterThan(0);
  }
});

describe.each(rules)("$name", (rule) => {
  const { breaks, keeps } = cases[rule.name] as (typeof cases)[string];
  const defaults = defaultsOf(rule.settings ?? {});

  test.each(breaks)("is broken by %s", (_, broken, seen, settings) => {
    expect(rule.check(broken, { ...defaults, ...settings })).toEqual(seen);
  });

  test.each(keeps)("is kept by %s", (_, kept, settings) => {
    expect(rule.check(kept, { ...defaults, ...settings })).toEqual([]);
  });

  test("quotes no secret", () => {
    for (const [, broken, , settings] of breaks) {
      const seen = rule.check(broken, { ...defaults, ...settings }).join();
      for (const value of [bareKey, prefixedKey, "hunter2", "correct-horse"]) expect(seen).not.toContain(value);
    }
  });
});

test("no rule fails over properties of another shape", () => {
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
  const type = fc.constantFrom(
    "docker:index/container:Container",
    "docker:index/remoteImage:RemoteImage",
    "command:local:Command",
    ...["core/v1:Pod", "core/v1:Service", "core/v1:Secret", "apps/v1:StatefulSet"].map((kind) => `kubernetes:${kind}`),
  );
  fc.assert(
    fc.property(type, fc.dictionary(fc.oneof(name, more), value), (token, properties) => {
      for (const rule of rules) rule.check(resource(token, properties), defaultsOf(rule.settings ?? {}));
    }),
    { numRuns: 2_000 },
  );
});

describe("what is sound", () => {
  test.each([
    ["server", container(soundServer)],
    ["worker", container(soundWorker)],
    ["queue", container(soundQueue)],
    ["server in a pod", statefulSet(soundPodServer, soundPod)],
  ])("breaks no rule: %s", (_, sound) => {
    const broken = rules.filter((rule) => rule.check(sound, defaultsOf(rule.settings ?? {})).length > 0);
    expect(broken.map(({ name }) => name)).toEqual([]);
  });
});
