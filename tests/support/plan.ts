import { readFileSync } from "node:fs";
import { vi } from "vitest";
import { parse } from "yaml";
import { keysAt } from "../../lib/stack/key-rotation.ts";
import {
  generated,
  type PlanContext,
  type Planned,
  type PlannedStack,
  planProgram,
  plan as planWith,
} from "../../tools/plan/planner.ts";
import { settingsOf } from "../../tools/plan/settings.ts";

export { generated, observed, type Planned, type PlannedStack, settled } from "../../tools/plan/planner.ts";

/** Outputs of the stacks that are up beside the planned one. */
const otherPair = { signingKey: generated("other-signing", 64), eventKey: generated("other-event", 48) };
export const otherStacks = {
  dev: { ...otherPair, keys: keysAt("none", otherPair, otherPair) },
  changing: { keys: keysAt("switch", otherPair, { signingKey: "0123456789abcdef", eventKey: "before" }) },
  empty: {},
};

/** Runs `program` against mocks of engine and providers, and tells what it asked for. */
export async function plan(program: () => unknown, stack = "test"): Promise<Planned[]> {
  return await planWith(program, { stack, otherStacks });
}

/** Plans index.ts as `pulumi up -s STACK` would run it, with the stack's own file and `extra` settings over it. */
export async function planStack(
  stack: string,
  extra: Record<string, string> = {},
  encrypted: string[] = [],
  context: Partial<PlanContext> = {},
): Promise<PlannedStack> {
  vi.stubEnv("PULUMI_CONFIG_SECRET_KEYS", "[]");
  // The plan is the repository's; which Docker context a person chose is not part of it.
  if (!process.env.DOCKER_CONFIG) vi.stubEnv("DOCKER_CONFIG", "/nonexistent");
  vi.resetModules();
  const values = { ...stackSettings(stack), ...extra };
  return await planProgram(() => import("../../index.ts"), { values, encrypted }, { stack, otherStacks, ...context });
}

/** The settings in a stack's own file. */
export function stackSettings(stack: string): Record<string, string> {
  return settingsOf(readFileSync(`Pulumi.${stack}.yaml`, "utf8")).values;
}

export function readYaml<T>(path: string): T {
  // The parser that Pulumi itself reads these files with.
  return parse(readFileSync(path, "utf8")) as T;
}

/** The resource with that label. */
export function find(resources: Planned[], label: string): Planned {
  const found = resources.find((resource) => resource.label === label);
  if (!found) throw new Error(`no ${label} among ${resources.map((resource) => resource.label).join(", ")}`);
  return found;
}

/** What the Docker container that has `name` for its secrets finds in their file. */
export function secretFile(resources: Planned[], name: string): string {
  const { inputs, secrets } = find(resources, `Container ${name}-writer`);
  if (!secrets.includes("uploads")) throw new Error(`the file of ${name} is in clear`);
  return (inputs.uploads as [{ content: string }])[0].content;
}

/** Labels, each indented under its parent's. */
export function tree(resources: Planned[], parent?: string, indent = ""): string[] {
  return resources
    .filter((resource) => resource.parent === parent)
    .flatMap(({ label }) => [`${indent}${label}`, ...tree(resources, label, `${indent}  `)]);
}
