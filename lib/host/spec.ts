import type { ProcessMark } from "./processes.ts";
import type { Scope, Supervision, SupervisorName } from "./supervisors/service.ts";

/** A program that is looked up on the machine when it is started, so that a plan holds no path of one machine. */
export type Program =
  | {
      kind: "inngest";
      /** Absolute path, used instead of any other. */
      binary?: string | undefined;
    }
  | {
      kind: "queue";
      /** Absolute path of a Valkey or Redis, used instead of one on PATH. */
      binary?: string | undefined;
    }
  | { kind: "node" }
  | { kind: "bun" };

export interface Listener {
  host: string;
  port: number;
}

/** A path below the stack's data folder, which is resolved on the machine; with `scheme` a URL of that path. */
export type InDataDir = { inDataDir: string; scheme?: "unix" };

/**
 * Addresses that a process listens at, resolved on the machine to a list with commas. `dockerBridge` is the address at
 * which containers of a Linux engine reach this machine; elsewhere the engine forwards to the loopback address, and it
 * is left out.
 */
export type ListenOn = { listenOn: ("loopback" | "dockerBridge")[] };

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | undefined
  | InDataDir
  | JsonValue[]
  | { [key: string]: JsonValue };

/** One process on this machine, as `HostService` hands it to its scripts: JSON on their standard input. */
export interface ServiceSpec {
  stack: string;
  /** Name within the stack, also of its folder, log and pid file. */
  service: string;
  /** Absolute data folder. @default the platform's data folder, one folder a stack */
  dataDir?: string | undefined;
  program: Program;
  args: (string | InDataDir)[];
  /** Working directory, relative to the project. @default the service's own folder */
  workingDirectory?: string | undefined;
  /** Variables that anybody on this machine may see. @default none */
  environment?: Record<string, string> | undefined;
  /** Variables in a 0600 file that the runtime (Node, Bun) reads by `--env-file`. @default none */
  envFile?: Record<string, string | InDataDir | ListenOn> | undefined;
  /** JSON files, kept 0600 in its folder. @default none */
  files?: { name: string; json: JsonValue }[] | undefined;
  /**
   * Variables of whoever runs `pulumi up` that the process reads from `environment.json`, 0600, in its folder; never
   * part of the plan or the state. `*` at the end of a name matches anything. @default none
   */
  passthroughEnv?: string[] | undefined;
  /**
   * SQLite file, relative to the data folder, created in WAL mode when absent and never touched otherwise.
   *
   * @default none
   */
  database?: string | undefined;
  listeners: Listener[];
  /** Answers 200 once the process serves. @default it serves nobody, and is up while it lives */
  healthUrl?: string | undefined;
  /** Unix socket at which it answers Redis' PING once it serves, relative to the data folder. @default none */
  socket?: string | undefined;
  /**
   * Services of the stack, if it has them, that a supervisor which knows an order starts before this one, and stops after
   * it. @default none
   */
  after?: string[] | undefined;
  /**
   * Services of the stack that a supervisor which can starts again whenever it starts this one again: they do not recover
   * from its end. @default none
   */
  restarts?: string[] | undefined;
  /** Id of another service's start: it starts again with that one. @default none */
  follows?: string | undefined;
  /** The Docker engine whose containers reach this service at `host.docker.internal`. @default none */
  containers?: { context?: string | undefined } | undefined;
  /** Everything that it talks to is on this machine, so a supervisor that can may isolate it. @default false */
  loopbackOnly?: boolean | undefined;
  supervision: Supervision;
  /** Seconds between SIGTERM and SIGKILL. */
  stopGraceSeconds: number;
  /**
   * Hash of the source folder that the process runs; another one restarts it. @default it runs no source of this
   * project
   */
  source?: string | undefined;
}

/** What a start leaves behind in `run/<service>.json`, for the next observation. */
export interface RunRecord extends Partial<ProcessMark> {
  supervisor: SupervisorName;
  scope: Scope;
  /** The project's folder, to which its paths lead. */
  folder: string;
  /** SHA-256 of the spec that is running. */
  spec: string;
  /** SHA-256 of the supervisor's definition. */
  definition: string;
  /** Id of this start; see observe.ts. */
  startId: string;
  /** What keeps the log bounded where no supervisor does; it and the mark of the process are set without one. */
  logKeeper?: ProcessMark;
}
