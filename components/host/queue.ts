import { basename } from "node:path";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { type FoundQueue, queueSocket } from "../../lib/host/queue.ts";
import { renderRedisArguments } from "../../lib/render/redis-conf.ts";
import { wantsQueue } from "../../lib/stack/parts.ts";
import type { ProgramSettings } from "../settings.ts";
import { HostPart, type HostPartArgs } from "./host-service.ts";

export interface ProcessQueueArgs extends HostPartArgs {
  /** Absolute path of the program. @default `valkey-server` on PATH, else `redis-server` */
  binary?: string | undefined;
}

/**
 * Valkey or Redis as a process on this machine, for the server's queue and run state. It appends to a file in the data
 * folder, so runs in flight survive a kill of everything, and listens at a Unix socket of this user's alone.
 */
export class ProcessQueue extends HostPart {
  constructor(name: string, args: ProcessQueueArgs, opts?: pulumi.ComponentResourceOptions) {
    const { binary, ...rest } = args;
    super(
      "ProcessQueue",
      name,
      {
        ...rest,
        service: "queue",
        program: { kind: "queue", binary },
        // Relative to its own folder, which is its working directory.
        args: renderRedisArguments(basename(queueSocket)),
        listeners: [],
        socket: queueSocket,
        restarts: ["server"],
        loopbackOnly: true,
      },
      opts,
    );
  }
}

/**
 * The queue of a stack; `undefined` where its settings want none, and where this machine has no program for one.
 *
 * @throws {pulumi.RunError} when a queue that the stack had cannot run
 */
export async function deployQueue(
  settings: ProgramSettings,
  opts: pulumi.ComponentResourceOptions,
): Promise<ProcessQueue | undefined> {
  if (!wantsQueue(settings)) return undefined;
  const { stack, dataDir, queueBinary: binary, supervision } = settings;
  const { stdout } = await command.local.run({
    command: "node scripts/find-queue.ts",
    stdin: JSON.stringify({ stack, dataDir, binary }),
    logging: command.local.Logging.None,
  });
  const { found, problem } = JSON.parse(stdout) as FoundQueue;
  if (problem) throw new pulumi.RunError(problem);
  return found ? new ProcessQueue("queue", { stack, dataDir, binary, supervision }, opts) : undefined;
}
