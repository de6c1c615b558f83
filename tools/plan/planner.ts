/**
 * Runs a Pulumi program against mocks of engine and providers, and returns what it asked for. Needs nothing but the
 * SDK, because it is also copied into the tree of another revision, whose program then runs on its own dependencies.
 */
import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";
import { replacing } from "./replacement.ts";

/** One resource as the engine would be asked to register it. */
export interface Planned {
  /** Last part of the type and name, such as `Container server-inngest`: components and their children share names. */
  label: string;
  type: string;
  name: string;
  /** Label of the parent; `undefined` directly under the stack. */
  parent: string | undefined;
  /** Labels that it had before, from its aliases. */
  aliases: string[];
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
    /** Names of the resources that it waits for. */
    dependsOn: string[];
  };
}

/** A whole stack: its resources, and the outputs of its program. */
export interface PlannedStack {
  resources: Planned[];
  outputs: Record<string, unknown>;
  /** Outputs that are secret. */
  secretOutputs: string[];
}

/** What a program is planned with. */
export interface PlanContext {
  stack: string;
  /** Outputs of other stacks, by name. @default there are none */
  otherStacks?: Record<string, Record<string, unknown>>;
  /** What scripts/find-queue.ts prints. @default it finds one */
  queue?: { found: boolean; problem?: string };
  /**
   * Makes values that providers compute (ids, names, keys) depend on the inputs that replace the resource, so that two
   * plans differ where two deployments would. @default they depend on the name alone
   */
  trackReplacements?: {
    /** Hash of a folder that an image is built of. */
    folderHash(folder: string): string;
    /** Called with each computed value, and a description of it. */
    onComputed(value: string, description: string): void;
  };
}

const project = "inngest-local";
/** Marks a secret in what the SDK sends to the engine. */
const signature = "4dabf18193072939515e22adb298388d";
const noOptions: Planned["options"] = {
  deleteBeforeReplace: false,
  protect: false,
  retainOnDelete: false,
  replaceOnChanges: [],
  additionalSecretOutputs: [],
  dependsOn: [],
};

/** The value that the mocked RandomPassword `name` generates. */
export function generated(name: string, length: number): string {
  return createHash("sha256").update(name).digest("hex").slice(0, length);
}

/** The id that the mocked observation of a host service prints. */
export const observed = "11111111-2222-3333-4444-555555555555";

type Callback = Parameters<MockMonitor["registerResource"]>[1];

/** Runs `program` and returns its resources, sorted by label. */
export async function plan(program: () => unknown, context: PlanContext): Promise<Planned[]> {
  await pulumi.runtime.setMocks(mocks(context), project, context.stack, false, "organization");
  const { registerResource, readResource } = MockMonitor.prototype;
  const planned: Planned[] = [];
  Object.assign(MockMonitor.prototype, {
    registerResource(this: MockMonitor, request: Registration, callback: Callback) {
      planned.push(registration(request));
      return registerResource.call(this, request, callback);
    },
    readResource(this: MockMonitor, request: Reading, callback: Callback) {
      const described = describe(request, request.getProperties().toJavaScript());
      planned.push({ ...described, aliases: [], options: noOptions });
      return readResource.call(this, request, callback);
    },
  });
  try {
    try {
      await program();
    } finally {
      // Also after a failure: the resources so far must not appear in the next plan.
      await pulumi.runtime.disconnect();
    }
  } finally {
    Object.assign(MockMonitor.prototype, { registerResource, readResource });
  }
  return planned.sort((a, b) => (a.label < b.label ? -1 : 1));
}

/** Runs the program that `load` imports with a whole configuration, as `pulumi up` would. */
export async function planProgram(
  load: () => Promise<Record<string, unknown>>,
  config: { values: Record<string, string>; encrypted: string[] },
  context: PlanContext,
): Promise<PlannedStack> {
  const full = (key: string) => `${project}:${key}`;
  pulumi.runtime.setAllConfig(
    Object.fromEntries(Object.entries(config.values).map(([key, value]) => [full(key), value])),
  );
  process.env.PULUMI_CONFIG_SECRET_KEYS = JSON.stringify(config.encrypted.map(full));
  let outputs: Record<string, unknown> = {};
  const resources = await plan(async () => {
    const exported = await load();
    // The outputs are the default export; in other revisions each of them may be an export.
    const named = (exported.default as Record<string, unknown> | undefined) ?? exported;
    outputs = Object.fromEntries(Object.entries(named).sort(([a], [b]) => (a < b ? -1 : 1)));
  }, context);
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

function mocks({ otherStacks = {}, queue = { found: true }, trackReplacements }: PlanContext): pulumi.runtime.Mocks {
  /** What the engine answers about a stack, by its full name. */
  const outputsOf = (name: string) => {
    const found = Object.entries(otherStacks).find(([stack]) => name === `organization/${project}/${stack}`);
    if (!found) throw new Error(`unknown stack "${name}"`);
    return { name, outputs: found[1], secretOutputNames: Object.keys(found[1]) };
  };
  const computed = (value: string, description: string) => {
    trackReplacements?.onComputed(value, description);
    return value;
  };
  /** Outputs that the real providers add to the inputs. */
  const computedOutputs = (type: string, name: string, inputs: Record<string, unknown>): Record<string, unknown> => {
    const seed = trackReplacements ? `${name} ${JSON.stringify(replacing(type, inputs))}` : name;
    switch (type) {
      case "random:index/randomPassword:RandomPassword":
        return {
          result: pulumi.secret(computed(generated(seed, Number(inputs.length)), "secret")),
          bcryptHash: pulumi.secret(computed(`$2a$10$${generated(`${seed} hash`, 53)}`, "secret")),
        };
      case "docker:index/remoteImage:RemoteImage":
        return { imageId: computed(`sha256:${generated(seed, 64)}`, `image of ${name}`) };
      case "docker:index/image:Image": {
        const build = inputs.build as { context: string };
        const content = trackReplacements && `${JSON.stringify(inputs)} ${trackReplacements.folderHash(build.context)}`;
        const digest = generated(content ?? name, 64);
        return { repoDigest: computed(`${inputs.imageName}@sha256:${digest}`, `image of ${name}`) };
      }
      case "command:local:Command":
        // HostService reads what scripts/reconcile.ts prints.
        return { stdout: "{}" };
      case "pulumi:pulumi:StackReference":
        return outputsOf(inputs.name as string);
      default:
        return type.startsWith("kubernetes:") ? kubernetesObject(name, seed, inputs) : {};
    }
  };
  /** Kubernetes generates names where there are none, and an id for every object. */
  const kubernetesObject = (name: string, seed: string, inputs: Record<string, unknown>) => {
    const uid = generated(seed, trackReplacements ? 32 : 8);
    computed(uid, `id of ${name}`);
    return { metadata: { name: computed(`${name}-${uid}`, `name of ${name}`), uid, ...(inputs.metadata as object) } };
  };
  return {
    newResource: ({ name, type, inputs }) => ({
      id: trackReplacements
        ? computed(generated(`${type} ${name} ${JSON.stringify(replacing(type, inputs))}`, 64), `id of ${name}`)
        : `${name}-id`,
      state: { ...inputs, ...computedOutputs(type, name, inputs) },
    }),
    call: ({ token, inputs }) => {
      switch (token) {
        case "command:local:run":
          return {
            ...inputs,
            stdout: String(inputs.command).includes("find-queue") ? JSON.stringify(queue) : observed,
          };
        case "pulumi:pulumi:readStackOutputs":
          return outputsOf(inputs.name as string);
        default:
          throw new Error(`the program calls ${token}, which the mock of the engine does not know`);
      }
    },
  };
}

interface Request {
  getType(): string;
  getName(): string;
  getParent(): string;
  getProvider(): string;
}

interface Struct {
  toJavaScript(): Record<string, unknown>;
}

interface Reading extends Request {
  getProperties(): Struct;
}

interface Registration extends Request {
  getObject(): Struct;
  getDeletebeforereplace(): boolean;
  getProtect(): boolean | undefined;
  getRetainondelete(): boolean | undefined;
  getReplaceonchangesList(): string[];
  getAdditionalsecretoutputsList(): string[];
  getDependenciesList(): string[];
  getAliasesList(): { getUrn(): string; getSpec(): { getName(): string; getType(): string } | undefined }[];
}

function registration(request: Registration): Planned {
  const type = request.getType();
  return {
    ...describe(request, request.getObject().toJavaScript()),
    aliases: request.getAliasesList().map((alias) => {
      const spec = alias.getSpec();
      return spec
        ? labelOf(spec.getType() || type, spec.getName() || request.getName())
        : labelOf(...typeAndName(alias.getUrn()));
    }),
    options: {
      deleteBeforeReplace: request.getDeletebeforereplace(),
      protect: request.getProtect() ?? false,
      retainOnDelete: request.getRetainondelete() ?? false,
      replaceOnChanges: request.getReplaceonchangesList(),
      additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
      dependsOn: request.getDependenciesList().map(nameOf).sort(),
    },
  };
}

function describe(request: Request, raw: Record<string, unknown>): Omit<Planned, "options" | "aliases"> {
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
