import { type SpawnOptions, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/**
 * Events of Pulumi's engine, as `pulumi up --json` prints them, one a line; secrets are blinded. Only what is used here:
 * all of them are in `sdk/go/common/apitype/events.go` of pulumi/pulumi.
 */
export interface EngineEvent {
  /** An operation on a resource begins. */
  resourcePreEvent?: { metadata: Operation };
  /** It is done. */
  resOutputsEvent?: { metadata: Operation };
  resOpFailedEvent?: { metadata: Operation };
  diagnosticEvent?: {
    /** Of the resource that it is about. @default the program */
    urn?: string;
    message: string;
    severity: "debug" | "info" | "info#err" | "warning" | "error";
  };
  /** A plugin is downloaded or installed; bytes, of which the total may be unknown. */
  progressEvent?: { message: string; received: number; total: number };
  /** How many resources each operation was done on. */
  summaryEvent?: { resourceChanges: Record<string, number> };
}

export interface Operation {
  /** `create`, `update`, `delete`, `same`, `refresh`, or a step of a replacement. */
  op: string;
  urn: string;
  type: string;
  old: ResourceState | null;
  new: ResourceState | null;
}

interface ResourceState {
  inputs: Record<string, unknown>;
  /** Pulumi forgets it, and it stays. @default false */
  retainOnDelete?: boolean;
}

/** How a command of the CLI has ended. */
export interface EngineEnd {
  exitCode: number;
  /** What the CLI itself said, outside of the events. */
  complaint: string;
}

/** Runs a command of Pulumi's CLI, such as `up`, and calls `see` with each event of the engine as it comes. */
export async function watchEngine(
  binary: string,
  args: readonly string[],
  options: Pick<SpawnOptions, "env" | "detached">,
  see: (event: EngineEvent) => void,
): Promise<EngineEnd> {
  const child = spawn(binary, [...args, "--json", "--color=never"], { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number>((resolve) => child.once("close", (code) => resolve(code ?? 1)));
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith("{")) see(JSON.parse(line) as EngineEvent);
    else complaint += `${line}\n`;
  }
  return { exitCode: await ended, complaint };
}
