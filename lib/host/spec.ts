import type { ProcessMark } from "./processes.ts";
import type { Scope, Supervision, SupervisorName } from "./supervisors/service.ts";

/** A program that is looked up on the machine when it is started, so that a plan holds no path of one machine. */
export type Program =
  | {
      kind: "inngest";
      /** Absolute path that stands before every other place. */
      binary?: string | undefined;
    }
  | { kind: "node" }
  | { kind: "bun" };

/** Where a process listens. */
export interface Listener {
  host: string;
  port: number;
}

/** A file of the service, kept 0600 in its folder. */
export interface ServiceFile {
  name: string;
  content: string;
}

/**
 * One process on this machine, as {@link HostService} hands it to its scripts: JSON on their standard input.
 * In `args`, `files` and `envFile`, `${dataDir}` stands for the stack's data folder and `,${hostGateway}` for the
 * address at which containers of a Linux engine meet this machine, or for nothing where there is none.
 */
export interface ServiceSpec {
  stack: string;
  /** Name within the stack, also of its folder, log and pid files. */
  service: string;
  /** Absolute data folder. @default the platform's data folder, one folder a stack */
  dataDir?: string | undefined;
  program: Program;
  args: string[];
  /** Working directory, relative to the project. @default the service's folder */
  workingDirectory?: string | undefined;
  /** Variables of the process that anybody may see. */
  environment?: Record<string, string> | undefined;
  /** Variables that reach the process by a 0600 file, which Node and Bun read themselves (`--env-file`). */
  envFile?: Record<string, string> | undefined;
  files?: ServiceFile[] | undefined;
  /**
   * Variables that the service finds in its folder's `environment.json`, 0600, as they are for who brings it up; no part
   * of a plan or a state. `*` at the end of a name stands for anything.
   */
  inherits?: string[] | undefined;
  /** SQLite file, relative to the data folder, that is created in WAL mode when absent. */
  database?: string | undefined;
  listeners: Listener[];
  /** Answers 200 once the process serves. @default it serves nobody, and is up while it lives */
  healthUrl?: string | undefined;
  /**
   * The Docker engine whose containers reach this service at `host.docker.internal`. On Linux that is the address of
   * Docker's bridge, which `,${hostGateway}` stands for; elsewhere the engine forwards to 127.0.0.1.
   */
  containers?: { context?: string | undefined } | undefined;
  /** All whom it talks to are on this machine, so that a supervisor that can may keep it from everybody else. */
  loopbackOnly?: boolean | undefined;
  /** Seconds between SIGTERM and SIGKILL. */
  stopGraceSeconds: number;
  /** What keeps it running. */
  supervision: Supervision;
  /** Hash of what the process runs when that is a folder of source; a new one restarts it. */
  source?: string | undefined;
}

/** What a start leaves behind in `run/<service>.json`, for the next observation. */
export interface RunRecord extends Partial<ProcessMark> {
  supervisor: SupervisorName;
  scope: Scope;
  /** SHA-256 of the spec that is running. */
  spec: string;
  /** SHA-256 of the supervisor's definition. */
  definition: string;
  /** Name of this start; see observe.ts. */
  instance: string;
  /** What keeps the log bounded where no supervisor does; it and the mark of the process are set without one. */
  logKeeper?: ProcessMark;
}
