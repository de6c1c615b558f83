import * as pulumi from "@pulumi/pulumi";
import { sourceHash } from "../../lib/host/source.ts";
import type { InDataDir, ServiceSpec } from "../../lib/host/spec.ts";
import type { Supervision } from "../../lib/host/supervisors/index.ts";
import type { Supervised } from "../../lib/stack/durability.ts";
import { type WorkerArgs, workerEnvironment } from "../worker-environment.ts";
import { HostService } from "./host-service.ts";

export interface HostWorkerArgs extends Omit<WorkerArgs, "redisUrl"> {
  stack: string;
  /** Redis for state that functions share. @default none */
  redisUrl?: pulumi.Input<string | InDataDir | undefined>;
  /** @default the platform's data folder */
  dataDir?: string | undefined;
  /** Folder of the worker, relative to the project or absolute. */
  dir: string;
  /** File within that folder that the runtime starts. */
  entry: string;
  runtime: "node" | "bun";
  supervision: Supervision;
  /** The Docker engine whose containers call this worker. @default none do */
  containers?: { context?: string | undefined };
}

/** The worker as a process on this machine, restarted when its source changes. */
export class HostWorker extends pulumi.ComponentResource {
  /** Changes with every start of the worker. */
  public readonly startId: pulumi.Output<string>;
  /** Which supervisor it got, and what it survives and what not. */
  public readonly supervised: pulumi.Output<Supervised>;

  constructor(name: string, args: HostWorkerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:HostWorker", name, {}, opts);
    const { redisUrl, ...plain } = args;
    const isCalledByContainers = args.containers !== undefined && args.transport === "serve";
    const service = new HostService(
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
      { parent: this },
    );
    this.startId = service.startId;
    this.supervised = service.supervised;
    this.registerOutputs({ startId: this.startId, supervised: this.supervised });
  }
}
