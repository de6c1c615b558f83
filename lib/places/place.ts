import type { LastSweep } from "../data/requests.ts";
import type { Listener } from "../host/spec.ts";
import type { Part } from "../stack/parts.ts";

/** A command line: a program and its arguments. */
export type Command = [string, ...string[]];

export interface PartState {
  isRunning: boolean;
  /** For people: `process 123`, `container inngest-persistent-server`. */
  what: string;
  /** When it started, ISO 8601; `undefined` when it does not run, or does not say. */
  since?: string | undefined;
  /** What restarts it, how healthy it reports to be, or why it does not run. */
  detail?: string | undefined;
}

/** Bytes of what a part keeps in its container or pod. */
export async function sizeInContainer(exec: Place["exec"], part: Part): Promise<number> {
  return Number.parseInt(await exec(part, ["du", "-sk", "/data"]), 10) * 1024;
}

/** An address at which something of a stack is reached from beyond its own place. */
export interface PlacedListener extends Listener {
  /** For people: `process of the server`, `container inngest-dev-server`, `service worker (NodePort)`. */
  who: string;
  /** @default it belongs to no part, or to several */
  part?: Part | undefined;
}

/**
 * Where parts of a stack run, and what can be done to one there. Every method may be repeated.
 *
 * Methods throw {@link CommandFailed} when the place cannot be asked.
 */
export interface Place {
  /** A part for people: `process of the worker`, `container inngest-dev-queue`, `pods of the server`. */
  describe(part: Part): string;
  state(part: Part): Promise<PartState>;
  /** The command that prints the last lines of a part's log, and then new ones; `undefined` when there is none yet. */
  logs(part: Part, options: { lines: number; follow: boolean }): Promise<Command | undefined>;
  /** Runs a command next to a part, and resolves to what it printed. */
  exec(part: Part, command: Command, input?: string): Promise<string>;
  /** Addresses of these parts, and of what else there is of the stack at this place. */
  listeners(parts: readonly Part[]): Promise<PlacedListener[]>;
  size(part: Part): Promise<number>;
  /** Brings back what was stopped or killed, without waiting; resolves to `false` where only `pulumi up` can. */
  start(part: Part): Promise<boolean>;
  /** Ends a part in good order, until {@link Place.start} or the next `pulumi up`. */
  stop(part: Part): Promise<void>;
  /** Ends a part as a crash would. @throws {Problem} when it does not run */
  kill(part: Part): Promise<void>;
  /** Removes a part's container or pods; absent where parts are processes. */
  remove?(part: Part): Promise<void>;
  /** Outcome of the janitor's last sweep; `undefined` until it has made one. */
  lastSweep(janitor: Part): Promise<LastSweep | undefined>;
}
