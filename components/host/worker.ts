import * as pulumi from "@pulumi/pulumi";
import { sourceHash } from "../../lib/host/source.ts";
import type { InDataDir, ServiceSpec } from "../../lib/host/spec.ts";
import { type WorkerArgs, workerEnvironment } from "../worker-environment.ts";
import { HostPart, type HostPartArgs } from "./host-service.ts";

export interface HostWorkerArgs extends HostPartArgs, Omit<WorkerArgs, "redisUrl"> {
  /** Redis for state that functions share. @default none */
  redisUrl?: pulumi.Input<string | InDataDir | undefined>;
  /** Folder of the worker, relative to the project or absolute. */
  dir: string;
  /** File within that folder that the runtime starts. */
  entry: string;
  runtime: "node" | "bun";
  /** The Docker engine whose containers call this worker. @default none do */
  containers?: { context?: string | undefined };
}

/** The worker as a process on this machine, restarted when its source changes. */
export class HostWorker extends HostPart {
  constructor(name: string, args: HostWorkerArgs, opts?: pulumi.ComponentResourceOptions) {
    const { redisUrl, ...plain } = args;
    const isCalledByContainers = args.containers !== undefined && args.transport === "serve";
    super(
      "HostWorker",
      name,
      {
        stack: args.stack,
        service: "worker",
        dataDir: args.dataDir,
        program: { kind: args.runtime },
        args: [args.entry],
        workingDirectory: args.dir,
        envFile: pulumi
          .all([workerEnvironment(plain), redisUrl])
          .apply(([variables, redisUrl]): ServiceSpec["envFile"] => ({
            ...(redisUrl && { REDIS_URL: redisUrl }),
            ...variables,
            HOST: isCalledByContainers ? { listenOn: ["loopback", "dockerBridge"] } : "127.0.0.1",
            DATA_DIR: { inDataDir: "worker" },
          })),
        listeners: [{ host: "127.0.0.1", port: args.port }],
        healthUrl: `http://127.0.0.1:${args.port}/healthz`,
        containers: args.containers,
        after: ["queue"],
        supervision: args.supervision,
        source: sourceHash(args.dir),
      },
      opts,
    );
  }
}
