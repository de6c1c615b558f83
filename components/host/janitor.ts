import * as pulumi from "@pulumi/pulumi";
import type { InDataDir } from "../../lib/host/spec.ts";
import { programHash } from "../../lib/runtime-files.ts";
import { HostPart, type HostPartArgs } from "./host-service.ts";

export interface ProcessJanitorArgs extends HostPartArgs {
  /** Days that ended runs are kept. */
  days: number;
  /** The server's Redis, which knows the runs in flight. @default the server's memory knows them */
  redisUrl?: pulumi.Input<string | InDataDir | undefined>;
  /** URL, with the event key, to which it posts warnings as `health/degraded`; secret. */
  alarmUrl: pulumi.Input<string>;
}

/**
 * Deletes from the server's SQLite file what is older than the stack keeps. It runs as its own process, not as a worker
 * function: on other tiers the worker cannot reach the file, and users may replace the worker.
 */
export class ProcessJanitor extends HostPart {
  constructor(name: string, args: ProcessJanitorArgs, opts?: pulumi.ComponentResourceOptions) {
    const { days, redisUrl: queueUrl, alarmUrl } = args;
    const request = pulumi.output({
      database: { inDataDir: "server/main.db" },
      queueUrl,
      days,
      alarmUrl,
      reportFile: { inDataDir: "janitor/last-sweep.json" },
    });
    super(
      "ProcessJanitor",
      name,
      {
        stack: args.stack,
        service: "janitor",
        dataDir: args.dataDir,
        program: { kind: "node" },
        args: ["runtime/janitor.ts", { inDataDir: "janitor/janitor.json" }],
        workingDirectory: ".",
        // Other sources restart it.
        environment: { SOURCE: programHash("runtime/janitor.ts") },
        files: request.apply((json) => [{ name: "janitor.json", json }]),
        listeners: [],
        after: ["queue"],
        supervision: args.supervision,
      },
      opts,
    );
  }
}
