import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";
import { vi } from "vitest";
import { parse } from "yaml";
import { keysAt } from "../../components/key-rotation.ts";

/** One resource as the engine would be asked for it. */
export interface Planned {
  /** Last part of the type and the name, such as `Container server-inngest`: components and their children share names. */
  label: string;
  type: string;
  name: string;
  /** Label of the parent; `undefined` directly under the stack. */
  parent: string | undefined;
  /** Name of the explicit provider. */
  provider: string | undefined;
  /** Inputs with secrets unwrapped. */
  inputs: Record<string, unknown>;
  /** Top-level inputs that hold a secret: the engine encrypts those. */
  secrets: string[];
  options: {
    deleteBeforeReplace: boolean;
    protect: boolean;
    retainOnDelete: boolean;
    replaceOnChanges: string[];
    additionalSecretOutputs: string[];
    /** Names of what it waits for. */
    dependsOn: string[];
  };
}

/** A whole stack: its resources and what its program exports. */
export interface PlannedStack {
  resources: Planned[];
  outputs: Record<string, unknown>;
  /** Outputs that are secret. */
  secretOutputs: string[];
}

/** Mark on a secret in what the SDK sends to the engine. */
const signature = "4dabf18193072939515e22adb298388d";
const noOptions: Planned["options"] = {
  deleteBeforeReplace: false,
  protect: false,
  retainOnDelete: false,
  replaceOnChanges: [],
  additionalSecretOutputs: [],
  dependsOn: [],
};

/** What the mocked RandomPassword `name` generates. */
export function generated(name: string, length: number): string {
  return createHash("sha256").update(name).digest("hex").slice(0, length);
}

/** Outputs of the stacks that are up beside the planned one. */
const otherPair = { signingKey: generated("other-signing", 64), eventKey: generated("other-event", 48) };
export const otherStacks = {
  dev: { ...otherPair, keys: keysAt("none", otherPair, otherPair) },
  changing: { keys: keysAt("switch", otherPair, { signingKey: "0123456789abcdef", eventKey: "before" }) },
  empty: {},
};

/** What the mocked observation of a host service prints. */
export const observed = "11111111-2222-3333-4444-555555555555";

/** Outputs that the real providers add to the inputs. */
function computed(type: string, name: string, inputs: Record<string, unknown>): Record<string, unknown> {
  switch (type) {
    case "random:index/randomPassword:RandomPassword":
      return {
        result: pulumi.secret(generated(name, Number(inputs.length))),
        bcryptHash: pulumi.secret(`$2a$10$${generated(`${name} hash`, 53)}`),
      };
    case "docker:index/remoteImage:RemoteImage":
      return { imageId: `sha256:${generated(name, 64)}` };
    case "docker:index/image:Image":
      return { repoDigest: `${inputs.imageName}@sha256:${generated(name, 64)}` };
    case "pulumi:pulumi:StackReference":
      return outputsOf(inputs.name as string);
    default:
      return type.startsWith("kubernetes:") ? kubernetesObject(name, inputs) : {};
  }
}

/** Kubernetes names what has no name, and gives everything an id of its own. */
function kubernetesObject(name: string, { metadata }: Record<string, unknown>): Record<string, unknown> {
  const uid = generated(name, 8);
  return { metadata: { name: `${name}-${uid}`, uid, ...(metadata as object) } };
}

/** What the engine answers about a stack, by its full name. */
function outputsOf(name: string) {
  const found = Object.entries(otherStacks).find(([stack]) => name === `organization/inngest-local/${stack}`);
  if (!found) throw new Error(`unknown stack "${name}"`);
  return { name, outputs: found[1], secretOutputNames: Object.keys(found[1]) };
}

function answerTo(token: string, inputs: Record<string, unknown>): Record<string, unknown> {
  switch (token) {
    case "command:local:run":
      return { ...inputs, stdout: observed };
    case "pulumi:pulumi:readStackOutputs":
      return outputsOf(inputs.name as string);
    default:
      throw new Error(`the plan calls ${token}, which this mock does not know`);
  }
}

/** Runs `program` against mocks of engine and providers, and tells what it asked for. */
export async function plan(program: () => unknown, stack = "test"): Promise<Planned[]> {
  await pulumi.runtime.setMocks(
    {
      newResource: ({ name, type, inputs }) => ({
        id: `${name}-id`,
        state: { ...inputs, ...computed(type, name, inputs) },
      }),
      call: ({ token, inputs }) => answerTo(token, inputs),
    },
    "inngest-local",
    stack,
    false,
    "organization",
  );
  const registered = vi.spyOn(MockMonitor.prototype, "registerResource");
  const read = vi.spyOn(MockMonitor.prototype, "readResource");
  try {
    try {
      await program();
    } finally {
      // Also after a failure: what was asked for by then must not turn up in the next plan.
      await pulumi.runtime.disconnect();
    }
    return [
      ...registered.mock.calls.map(([request]) => ({
        ...described(request, request.getObject().toJavaScript()),
        options: {
          deleteBeforeReplace: request.getDeletebeforereplace(),
          protect: request.getProtect() ?? false,
          retainOnDelete: request.getRetainondelete() ?? false,
          replaceOnChanges: request.getReplaceonchangesList(),
          additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
          dependsOn: request.getDependenciesList().map(nameOf).sort(),
        },
      })),
      ...read.mock.calls.map(([request]) => ({
        ...described(request, request.getProperties().toJavaScript()),
        options: noOptions,
      })),
    ].sort((a, b) => (a.label < b.label ? -1 : 1));
  } finally {
    registered.mockRestore();
    read.mockRestore();
  }
}

/** Plans index.ts as `pulumi up -s STACK` would run it, with the stack's own file and `extra` settings over it. */
export async function planStack(
  stack: string,
  extra: Record<string, string> = {},
  encrypted: string[] = [],
): Promise<PlannedStack> {
  const full = (settings: Record<string, string>) =>
    Object.fromEntries(Object.entries(settings).map(([key, value]) => [`inngest-local:${key}`, value]));
  pulumi.runtime.setAllConfig(full({ ...stackSettings(stack), ...extra }));
  vi.stubEnv("PULUMI_CONFIG_SECRET_KEYS", JSON.stringify(encrypted.map((key) => `inngest-local:${key}`)));
  // The plan is the repository's; which Docker context a person chose is not part of it.
  if (!process.env.DOCKER_CONFIG) vi.stubEnv("DOCKER_CONFIG", "/nonexistent");
  vi.resetModules();
  let outputs: Record<string, unknown> = {};
  const resources = await plan(async () => {
    outputs = { ...(await import("../../index.ts")) };
  }, stack);
  const secretOutputs: string[] = [];
  for (const [name, value] of Object.entries(outputs)) {
    if (!pulumi.Output.isInstance(value)) continue;
    if (await pulumi.isSecret(value)) secretOutputs.push(name);
    outputs[name] = await settled(value);
  }
  return { resources, outputs, secretOutputs };
}

/** An Output's value, also when it is secret. */
export function settled<T>(output: pulumi.Output<T>): Promise<unknown> {
  return new Promise((resolve) => void output.apply(resolve));
}

/** The settings in a stack's own file. */
export function stackSettings(stack: string): Record<string, string> {
  const { config } = readYaml<{ config: Record<string, unknown> }>(`Pulumi.${stack}.yaml`);
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key.replace("inngest-local:", ""), String(value)]),
  );
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

/** Labels, each indented under its parent's. */
export function tree(resources: Planned[], parent?: string, indent = ""): string[] {
  return resources
    .filter((resource) => resource.parent === parent)
    .flatMap(({ label }) => [`${indent}${label}`, ...tree(resources, label, `${indent}  `)]);
}

interface Request {
  getType(): string;
  getName(): string;
  getParent(): string;
  getProvider(): string;
}

function described(request: Request, raw: Record<string, unknown>): Omit<Planned, "options"> {
  return {
    label: labelOf(request.getType(), request.getName()),
    type: request.getType(),
    name: request.getName(),
    parent: request.getParent() === "" ? undefined : labelOf(...typeAndName(request.getParent())),
    // A provider is referred to by its URN and its id.
    provider: request.getProvider().split("::").at(-2),
    inputs: unwrapped(raw) as Record<string, unknown>,
    secrets: Object.keys(raw).filter((key) => JSON.stringify(raw[key]).includes(signature)),
  };
}

function labelOf(type: string, name: string): string {
  return `${type.split(":").at(-1)} ${name}`;
}

function typeAndName(urn: string): [string, string] {
  const [types = "", name = ""] = urn.split("::").slice(-2);
  return [types.split("$").at(-1) as string, name];
}

function nameOf(urn: string): string {
  return typeAndName(urn)[1];
}

function unwrapped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrapped);
  if (typeof value !== "object" || value === null) return value;
  if (signature in value) return unwrapped((value as { value?: unknown }).value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrapped(inner)]));
}
