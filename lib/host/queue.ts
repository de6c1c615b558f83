import { existsSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "../problem.ts";
import { dataFolder } from "./paths.ts";
import { locate } from "./programs.ts";
import { resolved } from "./service-files.ts";
import type { InDataDir } from "./spec.ts";

/** The Unix socket of a queue on this machine, below the stack's data folder. */
export const queueSocket = "queue/queue.sock";

/** The URL of a queue on this machine; only the account that it runs as may connect. */
export const queueUrl: InDataDir = { inDataDir: queueSocket, scheme: "unix" };

/** {@link queueUrl} for a process that runs now. */
export function queueUrlIn(folder: string): string {
  return resolved(queueUrl, folder);
}

/** Whether a queue has run in a data folder. */
export function hasQueueData(folder: string): boolean {
  // Every Redis from 7.0 that appends makes it when it starts first.
  return existsSync(join(folder, "queue", "appendonlydir"));
}

/** What `scripts/find-queue.ts` prints. */
export interface FoundQueue {
  found: boolean;
  /** Why the stack must not come up. */
  problem?: string | undefined;
}

/**
 * Whether a stack can have a queue on this machine. One that had a queue must: without its program the runs in flight
 * would be left behind in silence.
 */
export function findQueue({
  stack,
  dataDir,
  binary,
}: {
  stack: string;
  dataDir?: string;
  binary?: string;
}): FoundQueue {
  const folder = dataFolder(stack, dataDir);
  try {
    locate({ kind: "queue", binary });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (hasQueueData(folder)) return { found: true, problem: programGone(stack, folder, error).message };
    return binary === undefined ? { found: false } : { found: false, problem: error.message };
  }
  return { found: true, problem: socketProblem(folder)?.message };
}

function programGone(stack: string, folder: string, { what, remedy }: Problem): Problem {
  return new Problem(
    `the queue of stack ${stack} has its data in ${join(folder, "queue")}, and ${what}`,
    `${remedy}; or pulumi config set durable false, which gives up the runs in flight`,
  );
}

/** Bytes of a socket's path: `sockaddr_un` has 104 on macOS and 108 on Linux, with a zero at the end. */
const maxSocketPath = process.platform === "darwin" ? 103 : 107;

function socketProblem(folder: string): Problem | undefined {
  const socket = join(folder, queueSocket);
  const bytes = Buffer.byteLength(socket);
  if (bytes <= maxSocketPath) return undefined;
  return new Problem(
    `the path of the queue's socket must have at most ${maxSocketPath} bytes, and ${JSON.stringify(socket)} has ${bytes}`,
    "pulumi config set dataDir /a/shorter/folder, or pulumi config set durable false",
  );
}
