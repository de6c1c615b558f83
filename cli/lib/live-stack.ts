import { dataFolder } from "../../lib/host/paths.ts";
import { InngestApi } from "../../lib/inngest/api.ts";
import { servePath } from "../../lib/inngest/serve-path.ts";
import { WorkerEndpoint } from "../../lib/inngest/worker-endpoint.ts";
import type { StackData } from "../../lib/places/data.ts";
import { throughForward } from "../../lib/places/forward.ts";
import { dataOf, StackParts } from "../../lib/places/places.ts";
import { Problem } from "../../lib/problem.ts";
import type { Settings } from "../../lib/settings/settings.ts";
import type { Outputs } from "../../lib/stack/outputs.ts";
import { checkStack } from "./command.ts";
import { Pulumi } from "./pulumi-cli.ts";

/** Outputs of a stack; `undefined` while it is not up. */
export async function outputsIfUp(pulumi: Pick<Pulumi, "outputs">, stack: string): Promise<Outputs | undefined> {
  const outputs = await pulumi.outputs<Partial<Outputs>>(stack);
  return outputs.apiUrl === undefined ? undefined : (outputs as Outputs);
}

/**
 * Outputs of a stack.
 *
 * @throws {Problem} when it is not up
 */
export async function outputsOf(pulumi: Pick<Pulumi, "outputs">, stack: string): Promise<Outputs> {
  const outputs = await outputsIfUp(pulumi, stack);
  if (outputs) return outputs;
  throw new Problem(`stack ${stack} is not up`, `npm start -- --stack ${stack}`);
}

/** A stack of this folder, whether it is up or not. */
export interface KnownStack {
  name: string;
  pulumi: Pick<Pulumi, "outputs" | "quietUp" | "setting" | "version">;
  settings: Settings;
  parts: StackParts;
}

/**
 * Finds a stack by its settings, without asking Pulumi for its state.
 *
 * @throws {UsageProblem} for a stack without settings
 */
export async function knownStack(
  name: string,
  found?: KnownStack["pulumi"] & Pick<Pulumi, "ensureStack" | "settings">,
): Promise<KnownStack> {
  checkStack(name);
  const pulumi = found ?? (await Pulumi.find());
  await pulumi.ensureStack(name);
  const settings = await pulumi.settings(name);
  return { name, pulumi, settings, parts: new StackParts(settings) };
}

/** Server and worker of a stack, at addresses that hold on this machine. */
export interface Reached {
  /** The server's origin. */
  apiUrl: string;
  /** The worker's origin. */
  workerUrl: string;
  api: InngestApi;
  endpoint: WorkerEndpoint;
  endpointUrl: string;
}

/** A stack that is up. */
export class LiveStack implements KnownStack {
  readonly name: string;
  readonly pulumi: KnownStack["pulumi"];
  readonly settings: Settings;
  readonly parts: StackParts;
  readonly outputs: Outputs;
  readonly dataFolder: string;
  /** Its history and queue. */
  readonly data: StackData;

  constructor({ name, pulumi, settings, parts }: KnownStack, outputs: Outputs) {
    this.name = name;
    this.pulumi = pulumi;
    this.settings = settings;
    this.parts = parts;
    this.outputs = outputs;
    this.dataFolder = dataFolder(name, settings.dataDir);
    this.data = dataOf(settings, outputs.stores);
  }

  /**
   * @throws {UsageProblem} for a stack without settings
   * @throws {Problem} for one that is not up
   */
  static async find(...found: Parameters<typeof knownStack>): Promise<LiveStack> {
    const stack = await knownStack(...found);
    return new LiveStack(stack, await outputsOf(stack.pulumi, stack.name));
  }

  get tier(): Settings["tier"] {
    return this.settings.tier;
  }

  /** Whether the app is the user's own, which the stack neither starts nor ends. */
  get isExternal(): boolean {
    return this.settings.worker.runtime === "external";
  }

  /** Whether the worker opens the connection, so that nobody calls it. */
  get connects(): boolean {
    return this.settings.worker.transport === "connect";
  }

  /** Calls `use` with addresses that hold on this machine for as long as the call lasts. */
  async reach<T>(use: (reached: Reached) => Promise<T>): Promise<T> {
    const { forward, apiUrl, workerUrl, signingKey } = this.outputs;
    return await throughForward(forward, { apiUrl, workerUrl }, (reached) => {
      const endpointUrl = this.settings.worker.url?.href ?? reached.workerUrl + servePath;
      return use({
        ...reached,
        api: new InngestApi(reached.apiUrl, signingKey),
        endpoint: new WorkerEndpoint(endpointUrl, signingKey),
        endpointUrl,
      });
    });
  }
}
