import * as pulumi from "@pulumi/pulumi";
import type { InDataDir } from "../../lib/host/spec.ts";
import type { Supervision } from "../../lib/host/supervisors/index.ts";
import { commonVariables, serverFlags } from "../../lib/render/server-options.ts";
import type { Profile } from "../../lib/settings/profile.ts";
import type { Supervised } from "../../lib/stack/durability.ts";
import type { ServerKeys } from "../../lib/stack/key-rotation.ts";
import { HostService } from "./host-service.ts";

export interface ProcessServerArgs {
  stack: string;
  /** @default the platform's data folder */
  dataDir?: string | undefined;
  /** Absolute path of the binary. @default `inngest` on PATH, else the one that the commands fetch */
  binary?: string | undefined;
  /** Port of API and dashboard; the three ports after it are Connect's. */
  port: number;
  keys: pulumi.Input<ServerKeys>;
  /** Redis for queue and run state. @default none: in-flight work lives in the server's memory */
  redisUrl?: pulumi.Input<string | InDataDir | undefined>;
  /** Changes with every start of that Redis, where it is the stack's own. */
  queueStartId?: pulumi.Input<string> | undefined;
  /** The worker's endpoint. */
  sdkUrl: string;
  profile: Profile;
  /** Serve dashboard and GraphQL. */
  dashboard: boolean;
  supervision: Supervision;
}

/** Inngest as a process on this machine: API and dashboard on 127.0.0.1, SQLite in the data folder. */
export class ProcessServer extends pulumi.ComponentResource {
  /** Changes with every start of the server. */
  public readonly startId: pulumi.Output<string>;
  /** Which supervisor it got, and what it survives and what not. */
  public readonly supervised: pulumi.Output<Supervised>;

  constructor(name: string, args: ProcessServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:ProcessServer", name, {}, opts);
    const { port } = args;
    const config = pulumi.all([args.keys, args.redisUrl]).apply(([keys, redisUrl]) =>
      serverFlags<InDataDir>({
        host: "127.0.0.1",
        port,
        connectGatewayPort: port + 1,
        connectGatewayGrpcPort: port + 2,
        connectExecutorGrpcPort: port + 3,
        sqliteDir: { inDataDir: "server" },
        ...keys,
        redisUrl,
        sdkUrl: args.sdkUrl,
        profile: args.profile,
        dashboard: args.dashboard,
      }),
    );
    const service = new HostService(
      name,
      {
        stack: args.stack,
        service: "server",
        dataDir: args.dataDir,
        program: { kind: "inngest", binary: args.binary },
        args: ["start", "--config", { inDataDir: "server/inngest.json" }],
        environment: commonVariables,
        files: config.apply((json) => [{ name: "inngest.json", json }]),
        database: "server/main.db",
        listeners: [0, 1, 2, 3].map((offset) => ({ host: "127.0.0.1", port: port + offset })),
        healthUrl: `http://127.0.0.1:${port}/health`,
        loopbackOnly: pulumi
          .output(args.redisUrl)
          .apply((redisUrl) => [args.sdkUrl, redisUrl].every((url) => typeof url !== "string" || isLoopback(url))),
        after: ["queue"],
        // A server that has lost its Redis reads the queue no more, and ends when its running steps have: docs/gotchas.md.
        follows: args.queueStartId,
        supervision: args.supervision,
      },
      { parent: this },
    );
    this.startId = service.startId;
    this.supervised = service.supervised;
    this.registerOutputs({ startId: this.startId, supervised: this.supervised });
  }
}

function isLoopback(url: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname);
}
