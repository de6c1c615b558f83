import { type KnownStack, LiveStack, type Reached } from "../../cli/lib/live-stack.ts";
import { InngestApi } from "../../lib/inngest/api.ts";
import { WorkerEndpoint } from "../../lib/inngest/worker-endpoint.ts";
import type { Place } from "../../lib/places/place.ts";
import { placesOf, StackParts } from "../../lib/places/places.ts";
import { checkSettings, type Settings } from "../../lib/settings/settings.ts";
import type { Outputs } from "../../lib/stack/outputs.ts";
import type { PlaceKind } from "../../lib/stack/parts.ts";

/** Settings of a stack, as its file would have them; keys of `encrypted` are set, and nobody can read them. */
export function settingsWith(values: Record<string, string>, encrypted: string[] = [], stack = "mine"): Settings {
  return checkSettings(stack, { values, encrypted: new Set(encrypted) }).settings;
}

/** Outputs of a stack on this machine that keeps everything. */
export function outputsWith(changes: Partial<Outputs> = {}): Outputs {
  return {
    dashboardUrl: "http://localhost:1",
    apiUrl: "http://127.0.0.1:1",
    eventUrl: "http://127.0.0.1:1/e",
    workerUrl: "http://127.0.0.1:2",
    signingKey: "ab".repeat(32),
    eventKey: "e",
    appEnvironment: {},
    durability: { kept: true, text: "all of it is kept" },
    supervision: {},
    stores: { place: { kind: "host" } },
    ...changes,
  };
}

/** A place at which every part runs and nothing happens, except for `changes`. */
export function fakePlace(changes: Partial<Place> = {}): Place {
  return {
    describe: ({ name }) => `the fake ${name}`,
    state: async ({ name }) => ({ isRunning: true, what: `the fake ${name}` }),
    logs: async () => undefined,
    exec: async () => "",
    listeners: async () => [],
    size: async () => 0,
    start: async () => true,
    stop: async () => {},
    kill: async () => {},
    lastSweep: async () => undefined,
    ...changes,
  };
}

export interface FakeStackOptions {
  values?: Record<string, string>;
  encrypted?: string[];
  outputs?: Partial<Outputs>;
  /** Drivers that stand in for the real ones. */
  places?: Partial<Record<PlaceKind, Place>>;
  /** What stands in for the addresses that hold on this machine. */
  reached?: Partial<Reached>;
}

/** A stack of a folder, without Pulumi. */
export function fakeKnownStack({ values = {}, encrypted = [], places = {} }: FakeStackOptions = {}): KnownStack {
  const settings = settingsWith(values, encrypted);
  return {
    name: settings.stack,
    settings,
    parts: new StackParts(settings, { ...placesOf(settings), ...places }),
    pulumi: {
      outputs: async <T>() => outputsWith() as T,
      quietUp: async () => {},
      setting: async () => undefined,
      version: async () => "v3.0.0",
    },
  };
}

/** A stack that is up, without Pulumi. */
export class FakeStack extends LiveStack {
  readonly #reached: Reached;

  constructor(options: FakeStackOptions = {}) {
    const outputs = outputsWith(options.outputs);
    super(fakeKnownStack(options), outputs);
    const { apiUrl, workerUrl, signingKey } = outputs;
    const endpointUrl = `${workerUrl}/api/inngest`;
    this.#reached = {
      apiUrl,
      workerUrl,
      endpointUrl,
      api: new InngestApi(apiUrl, signingKey),
      endpoint: new WorkerEndpoint(endpointUrl, signingKey),
      ...options.reached,
    };
  }

  override async reach<T>(use: (reached: Reached) => Promise<T>): Promise<T> {
    return await use(this.#reached);
  }
}
