import { execFile } from "node:child_process";
import { basename } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

export interface RunOptions {
  /** Variables in addition to this process's own. */
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Kills the command after this many milliseconds. @default never */
  timeout?: number;
  /** Its standard input. @default empty */
  input?: string | undefined;
}

/** A command that could not be started, or did not exit with 0. */
export class CommandFailed extends Error {
  /** Last line of its error output, without a prefix such as `error: `. */
  readonly reason: string;
  readonly stdout: string;
  readonly stderr: string;
  /** Code of a system error, such as ENOENT, or the exit code; `null` when a signal killed it. */
  readonly code: string | number | null | undefined;

  constructor(
    program: string,
    error: { stderr?: string; stdout?: string; message: string; code?: string | number | null },
  ) {
    const { stderr = "", stdout = "", message, code } = error;
    const line = (stderr.trim() || message.trim()).split("\n").at(-1) as string;
    const reason = line.replace(/^(error|Error response from daemon|Unable to connect to the server): /i, "");
    super(`${basename(program)}: ${reason}`);
    this.reason = reason;
    this.stdout = stdout;
    this.stderr = stderr;
    this.code = code;
  }
}

/**
 * Runs a command without a terminal, and resolves to its output without white space at both ends.
 *
 * @throws {CommandFailed} when it cannot be started or does not exit with 0
 */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { env, input, ...rest } = options;
  try {
    const running = execute(program, args, {
      ...rest,
      maxBuffer: 64 * 1024 ** 2,
      ...(env && { env: { ...process.env, ...env } }),
    });
    // A command may end without reading its input.
    running.child.stdin?.on("error", () => undefined).end(input);
    return (await running).stdout.trim();
  } catch (error) {
    throw new CommandFailed(program, error as Error);
  }
}
