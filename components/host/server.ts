import * as pulumi from "@pulumi/pulumi";
import type { InDataDir } from "../../lib/host/spec.ts";
import { commonVariables, type ServerOptions, serverFlags } from "../../lib/render/server-options.ts";
import type { ServerKeys } from "../../lib/stack/key-rotation.ts";
import { HostPart, type HostPartArgs } from "./host-service.ts";

export interface ProcessServerArgs extends HostPartArgs, Pick<ServerOptions, "sdkUrl" | "profile" | "dashboard"> {
  /** Absolute path of the binary. @default `inngest` on PATH, else the one that the commands fetch */
  binary?: string | undefined;
  /** Port of API and dashboard; the three ports after it are Connect's. */
  port: number;
  keys: pulumi.Input<ServerKeys>;
  /** Redis for queue and run state. @default none: in-flight work lives in the server's memory */
  redisUrl?: pulumi.Input<string | InDataDir | undefined>;
  /** Changes with every start of that Redis, where it is the stack's own. */
  queueStartId?: pulumi.Input<string> | undefined;
}

/** Inngest as a process on this machine: API and dashboard on 127.0.0.1, SQLite in the data folder. */
export class ProcessServer extends HostPart {
  constructor(name: string, args: ProcessServerArgs, opts?: pulumi.ComponentResourceOptions) {
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
    super(
      "ProcessServer",
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
      opts,
    );
  }
}

function isLoopback(url: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname);
}
