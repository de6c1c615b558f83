import { dataFolder } from "../../lib/host/paths.ts";
import { InngestApi, WorkerEndpoint } from "../../lib/inngest/api.ts";
import { servePath } from "../../lib/inngest/serve-path.ts";
import { throughForward } from "../../lib/places/forward.ts";
import { Problem } from "../../lib/problem.ts";
import type { Settings } from "../../lib/settings/settings.ts";
import type { Forward } from "../../lib/stack/endpoints.ts";
import { checkStack } from "./command.ts";
import { Pulumi } from "./pulumi-cli.ts";

/** Outputs of a stack that is up. */
export interface Outputs {
  dashboardUrl: string;
  /** On the tiers whose dashboard asks for one. */
  dashboardPassword?: string;
  apiUrl: string;
  eventUrl: string;
  workerUrl: string;
  signingKey: string;
  eventKey: string;
  appEnvironment: Record<string, string>;
  durability: string;
  /** What keeps each process on this machine running. */
  supervision: Record<string, string>;
  forward?: Forward;
}

export interface Reached {
  /** The server's origin. */
  apiUrl: string;
  /** The worker's origin. */
  workerUrl: string;
  api: InngestApi;
  endpoint: WorkerEndpoint;
  endpointUrl: string;
}

/** A stack that is up, as its commands look at it. */
export class LiveStack {
  readonly name: string;
  readonly settings: Settings;
  readonly outputs: Outputs;
  readonly pulumi: Pulumi;
  readonly dataFolder: string;

  private constructor(name: string, pulumi: Pulumi, settings: Settings, outputs: Outputs) {
    this.name = name;
    this.pulumi = pulumi;
    this.settings = settings;
    this.outputs = outputs;
    this.dataFolder = dataFolder(name, settings.dataDir);
  }

  /** Throws {@link UsageProblem} for a stack without settings, and {@link Problem} for one that is not up. */
  static async find(stack: string): Promise<LiveStack> {
    const live = await LiveStack.findIfUp(stack);
    if (live) return live;
    throw new Problem(`stack ${stack} is not up`, `npm start -- --stack ${stack}`);
  }

  /** The same, and `undefined` for a stack that is not up. */
  static async findIfUp(stack: string): Promise<LiveStack | undefined> {
    checkStack(stack);
    const pulumi = await Pulumi.find();
    await pulumi.ensureStack(stack);
    const [settings, outputs] = [await pulumi.settings(stack), await pulumi.outputs<Partial<Outputs>>(stack)];
    return outputs.apiUrl ? new LiveStack(stack, pulumi, settings, outputs as Outputs) : undefined;
  }

  get tier(): Settings["tier"] {
    return this.settings.tier;
  }

  get isExternal(): boolean {
    return this.settings.worker.runtime === "external";
  }

  /** Whether the worker opens the connection, so that nobody calls it. */
  get connects(): boolean {
    return this.settings.worker.transport === "connect";
  }

  /** Whether runs in flight outlive the server. */
  get keepsRuns(): boolean {
    return this.outputs.durability.startsWith("kept");
  }

  /** Calls `use` with addresses that hold on this machine, for as long as the call lasts. */
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
