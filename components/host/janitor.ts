import * as pulumi from "@pulumi/pulumi";
import type { Supervision } from "../../lib/host/supervisors/index.ts";
import { programHash } from "../../lib/runtime-files.ts";
import type { Supervised } from "../../lib/stack/durability.ts";
import { HostService } from "./host-service.ts";

export interface ProcessJanitorArgs {
  stack: string;
  dataDir?: string | undefined;
  /** Days that what has ended is kept. */
  days: number;
  /** The server's Redis, which knows the runs in flight. */
  redisUrl?: pulumi.Input<string> | undefined;
  /** Where events are posted, key and all: what it warns of goes there as `health/degraded`. */
  alarmUrl: pulumi.Input<string>;
  supervision: Supervision;
}

/**
 * Keeps the server's SQLite file as long as the stack says. A process beside it and no function of the worker's, which
 * on other tiers does not reach that file, and which is the user's own to replace.
 */
export class ProcessJanitor extends pulumi.ComponentResource {
  /** Which supervisor it got, and what it survives and what not. */
  public readonly supervised: pulumi.Output<Supervised>;

  constructor(name: string, args: ProcessJanitorArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:ProcessJanitor", name, {}, opts);
    const order = pulumi.jsonStringify({
      database: "${dataDir}/server/main.db",
      queueUrl: args.redisUrl,
      days: args.days,
      alarmUrl: args.alarmUrl,
      reportFile: "${dataDir}/janitor/last-sweep.json",
    });
    const service = new HostService(
      name,
      {
        stack: args.stack,
        service: "janitor",
        dataDir: args.dataDir,
        program: { kind: "node" },
        args: ["runtime/janitor.ts", "${dataDir}/janitor/janitor.json"],
        workingDirectory: ".",
        // Another source is another start.
        environment: { SOURCE: programHash("runtime/janitor.ts") },
        files: order.apply((content) => [{ name: "janitor.json", content }]),
        listeners: [],
        supervision: args.supervision,
      },
      { parent: this },
    );
    this.supervised = service.supervised;
    this.registerOutputs({ supervised: this.supervised });
  }
}
