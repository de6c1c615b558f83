import { createTwoFilesPatch } from "diff";
import { stringify } from "yaml";
import { keyTypes } from "../../cli/lib/progress/steps.ts";
import { keepsData } from "../plan/data.ts";
import type { Planned } from "../plan/planner.ts";
import { replaces } from "../plan/replacement.ts";
import type { StackPlan } from "../plan/revision.ts";
import { type Leaf, leaves, Redactor } from "./properties.ts";

/** What differs between two plans of the project's stacks. */
export interface Diff {
  /** Name of the commit that is compared with. */
  base: string;
  /** Name of what is compared with it: the folder as it is. */
  head: string;
  changed: boolean;
  stacks: StackDiff[];
}

export interface StackDiff {
  stack: string;
  /** `unplannable`: the head's program fails. */
  status: "unchanged" | "changed" | "added" | "removed" | "unplannable";
  tier: string;
  problem?: string;
  /** Settings that the stack's file leaves open, with the values that were assumed. */
  assumed: string[];
  /** What would be lost, or left behind. */
  losses: Loss[];
  resources: ResourceChange[];
  outputs: PropertyChange[];
  /** Differences of the files that are rendered from the plan. */
  files: { path: string; patch: string }[];
}

export interface Loss {
  /**
   * `data`: deleted; `left`: neither deleted nor used any more; `unguarded`: kept for now, but not when the stack is
   * destroyed; `keys`: another value for the same purpose.
   */
  kind: "data" | "left" | "unguarded" | "keys";
  resource: string;
  text: string;
}

export interface ResourceChange {
  resource: string;
  type: string;
  change: "replaced" | "removed" | "changed" | "added";
  properties: PropertyChange[];
}

export interface PropertyChange {
  path: string;
  before?: Leaf;
  after?: Leaf;
  /** This change replaces the resource. */
  replaces?: true;
  /** Text difference, where both values have several lines. */
  patch?: string;
}

type Plan = Extract<StackPlan, { resources: unknown }>;

/** Compares two revisions, stack by stack. */
export function comparePlans(
  base: { name: string; plans: ReadonlyMap<string, StackPlan> },
  head: { name: string; plans: ReadonlyMap<string, StackPlan> },
): Diff {
  const names = [...new Set([...base.plans.keys(), ...head.plans.keys()])].sort();
  const stacks = names.map((stack) => compareStack(stack, base.plans.get(stack), head.plans.get(stack)));
  return { base: base.name, head: head.name, changed: stacks.some(({ status }) => status !== "unchanged"), stacks };
}

function compareStack(stack: string, base: StackPlan | undefined, head: StackPlan | undefined): StackDiff {
  const tier = (head ?? base)?.values.tier ?? "process";
  const assumed = (head ?? base)?.assumed ?? [];
  const found: StackDiff = {
    stack,
    status: "unchanged",
    tier,
    assumed,
    losses: [],
    resources: [],
    outputs: [],
    files: [],
  };
  if (head && "problem" in head) return { ...found, status: "unplannable", problem: head.problem };
  if (base && "problem" in base) {
    const problem = `the base could not be planned: ${base.problem}`;
    return { ...found, ...differences(undefined, head as Plan | undefined), status: "changed", problem };
  }
  const all = differences(base as Plan | undefined, head as Plan | undefined);
  const before = base?.values.tier ?? "process";
  if (base && head && before !== tier) {
    all.losses.unshift({
      kind: "left",
      resource: "tier",
      text: `${before} → ${tier}: history and runs in flight stay with the old tier`,
    });
  }
  const status = !base ? "added" : !head ? "removed" : all.isDifferent ? "changed" : "unchanged";
  const { isDifferent: _, ...changes } = all;
  return { ...found, ...changes, status };
}

function differences(base: Plan | undefined, head: Plan | undefined) {
  const before = redactorOf(base);
  const after = redactorOf(head);
  const pairs = pair(base?.resources ?? [], head?.resources ?? []);
  const resources = pairs.flatMap(([old, now]) => compareResource(old, now, before, after) ?? []);
  const keeps = keepsData(base?.resources ?? []);
  const losses = pairs.flatMap(([old]) => {
    const change = old && resources.find(({ resource, change }) => resource === old.label && change !== "added");
    return old && change ? lossesOf(old, change, before, keeps) : [];
  });
  const outputs = properties(
    leaves(base ? outputsOf(base) : {}),
    leaves(head ? outputsOf(head) : {}),
    before,
    after,
    () => false,
  );
  // A base that cannot render its services' files has nothing to compare them with.
  const whole = !base || !head || (base.files && head.files);
  const filesOfPlan = (plan: Plan | undefined, redactor: Redactor) => (plan ? filesOf(plan, redactor, whole) : {});
  const files = compareFiles(filesOfPlan(base, before), filesOfPlan(head, after));
  resources.sort((a, b) => order.indexOf(a.change) - order.indexOf(b.change));
  return { losses, resources, outputs, files, isDifferent: resources.length + outputs.length + files.length > 0 };
}

const order: ResourceChange["change"][] = ["replaced", "removed", "changed", "added"];

function redactorOf(plan: Plan | undefined): Redactor {
  return new Redactor(plan?.computed ?? {}, plan?.secrets ?? []);
}

/** Outputs without `keys`, whose values are outputs of their own too. */
function outputsOf({ outputs }: Plan): Record<string, unknown> {
  const { keys: _, ...others } = outputs;
  return others;
}

/** Pairs of resources that are the same for the engine, or would be with the same parent; unpaired ones stand alone. */
function pair(base: Planned[], head: Planned[]): [Planned | undefined, Planned | undefined][] {
  const left = new Map(base.map((resource) => [resource.label, resource]));
  const pairs = head.map((now): [Planned | undefined, Planned | undefined] => {
    const label = [now.label, ...now.aliases].find((each) => left.has(each)) ?? now.label;
    const old = left.get(label);
    left.delete(label);
    return [old, now];
  });
  return [...pairs, ...[...left.values()].map((old): [Planned, undefined] => [old, undefined])];
}

function compareResource(
  old: Planned | undefined,
  now: Planned | undefined,
  before: Redactor,
  after: Redactor,
): ResourceChange | undefined {
  const { label: resource, type } = (now ?? old) as Planned;
  // A component consists of its children.
  if (type.startsWith("inngest-local:")) return undefined;
  const found = properties(facts(old), facts(now), before, after, (path) =>
    path.startsWith("(")
      ? path === "(parent)" && now?.aliases.length === 0
      : replaces(type, path, now?.options.replaceOnChanges),
  );
  if (!old) return { resource, type, change: "added", properties: found };
  if (!now) return { resource, type, change: "removed", properties: found };
  if (found.length === 0) return undefined;
  return { resource, type, change: found.some((each) => each.replaces) ? "replaced" : "changed", properties: found };
}

/** Inputs of a resource, and the options that decide what happens to it. */
function facts(resource: Planned | undefined): Map<string, Leaf> {
  if (!resource) return new Map();
  const { deleteBeforeReplace, protect, retainOnDelete } = resource.options;
  const found = leaves(resource.inputs);
  for (const [name, value] of Object.entries({ deleteBeforeReplace, protect, retainOnDelete })) {
    if (value) found.set(`(${name})`, value);
  }
  if (resource.parent) found.set("(parent)", resource.parent);
  return found;
}

function properties(
  old: Map<string, Leaf>,
  now: Map<string, Leaf>,
  before: Redactor,
  after: Redactor,
  replacing: (path: string) => boolean,
): PropertyChange[] {
  const bothThere = old.size > 0 && now.size > 0;
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((path) => old.get(path) !== now.get(path))
    .map((path) => {
      const [left, right] = [before.value(old.get(path)), after.value(now.get(path))];
      const isText = [left, right].every((each) => typeof each === "string" && each.includes("\n"));
      return {
        path,
        ...(old.has(path) ? { before: left } : {}),
        ...(now.has(path) ? { after: right } : {}),
        ...(bothThere && replacing(path) ? { replaces: true as const } : {}),
        ...(isText ? { patch: patchOf(path, String(left), String(right)) } : {}),
      };
    });
}

/** What happens to a resource's data when it is replaced or removed. */
function lossesOf(
  old: Planned,
  { change, properties: changes }: ResourceChange,
  before: Redactor,
  keeps: (resource: Planned) => boolean,
): Loss[] {
  const { label: resource, type, options, inputs } = old;
  if (change === "changed") {
    const unguarded = keeps(old) && changes.some(({ path, after }) => path === "(retainOnDelete)" && !after);
    const text = "is no longer kept: from then on `pulumi destroy` deletes it with everything in it";
    return unguarded ? [{ kind: "unguarded", resource, text }] : [];
  }
  const why = changes.filter((each) => each.replaces).map(({ path }) => path);
  const is = change === "removed" ? "is removed" : `is replaced (${why.join(", ")})`;
  if (keeps(old)) {
    const metadata = inputs.metadata as { name?: string } | undefined;
    const called = before.text(String(inputs.name ?? metadata?.name ?? old.name));
    if (options.retainOnDelete) {
      const empty = change === "replaced" ? "the new one is empty, and " : "";
      return [{ kind: "left", resource, text: `${is}: ${empty}the data stays in the old one, ${called}` }];
    }
    return [{ kind: "data", resource, text: `${is}: ${called} is deleted with everything in it` }];
  }
  if (keyTypes.includes(type)) {
    const now = change === "removed" ? "its value is no longer used" : "it gets another value";
    return [{ kind: "keys", resource, text: `${is}: ${now}` }];
  }
  const folder = changes.find(({ path }) => path === "stdin.dataDir");
  if (folder && change === "replaced") {
    const place = folder.before ?? "the platform's data folder";
    return [{ kind: "left", resource, text: `${is}: the data stays in ${place}` }];
  }
  return [];
}

/** The files of a plan by name: of host services, uploads to containers, and Kubernetes objects. */
function filesOf({ resources, files }: Plan, redactor: Redactor, withServices: unknown): Record<string, string> {
  const all: Record<string, string> = withServices ? { ...files } : {};
  for (const { label, type, name, inputs } of resources) {
    const uploads = (inputs.uploads ?? []) as { file: string; content?: string }[];
    for (const { file, content } of uploads) {
      if (content !== undefined) all[`${name}:${file}`] = content;
    }
    if (type.startsWith("kubernetes:")) all[`manifests/${label.replace(" ", "-")}.yaml`] = stringify(inputs, yaml);
  }
  return Object.fromEntries(Object.entries(all).map(([path, text]) => [path, redactor.text(text)]));
}

const yaml = { lineWidth: 0, aliasDuplicateObjects: false };

function compareFiles(old: Record<string, string>, now: Record<string, string>): StackDiff["files"] {
  return [...new Set([...Object.keys(old), ...Object.keys(now)])]
    .sort()
    .filter((path) => old[path] !== now[path])
    .map((path) => ({ path, patch: patchOf(path, old[path] ?? "", now[path] ?? "") }));
}

function patchOf(path: string, old: string, now: string): string {
  const headed = createTwoFilesPatch(path, path, old, now, "", "", { context: 2 });
  return headed.replace(/^.*\n=+\n/, "");
}
