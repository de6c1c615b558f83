import { spawn } from "node:child_process";
import { NonRetriableError } from "inngest";
import { settings } from "../environment.ts";
import { shorten } from "../log.ts";

/** How long a transcription may take. */
const timeoutMs = 90 * 60_000;
/** Variables that may hold keys, or addresses with passwords; the command's environment has none of them. */
const privateVariables = /^(INNGEST_|AI_|AWS_|REDIS_URL|CLAIM_STORE|WEBHOOK_)/;

/**
 * Runs `TRANSCRIBE_COMMAND` on a file and streams its standard output.
 *
 * The command is split at spaces outside quotes; there is no shell. The file replaces `{input}`, or is the last argument when
 * the command has no `{input}`.
 *
 * @throws {NonRetriableError} when `TRANSCRIBE_COMMAND` is not set or its program does not exist
 * @throws {Error} with the end of its standard error when the command fails
 */
export async function* transcribe(file: string): AsyncGenerator<Uint8Array> {
  const [program, ...args] = commandFor(file);
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: publicEnvironment(),
    timeout: timeoutMs,
  });
  let stderr = "";
  child.stderr.on("data", (text: Buffer) => {
    stderr = (stderr + text.toString()).slice(-1_000);
  });
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    child.once("close", (code, signal) => resolve(signal ?? String(code)));
  });
  try {
    yield* child.stdout;
    const end = await ended;
    if (end === "ENOENT") {
      throw new NonRetriableError(`TRANSCRIBE_COMMAND names a program that does not exist: ${program}`);
    }
    if (end !== "0") throw new Error(`TRANSCRIBE_COMMAND exited with ${end}: ${shorten(stderr.trim())}`);
  } finally {
    child.kill();
  }
}

function publicEnvironment(): NodeJS.ProcessEnv {
  const variables = Object.entries(process.env).filter(([name]) => !privateVariables.test(name));
  return Object.fromEntries(variables) as NodeJS.ProcessEnv;
}

function commandFor(file: string): [string, ...string[]] {
  const words = settings().transcribeCommand?.match(/"[^"]*"|'[^']*'|\S+/g) ?? [];
  const [program, ...args] = words.map((word) => word.replace(/^(["'])(.*)\1$/, "$2").replaceAll("{input}", file));
  if (!program) {
    throw new NonRetriableError(
      "TRANSCRIBE_COMMAND is not set: set it to a program that prints a transcript, with {input} for the file, like `whisper-cli -nt -f {input}`.",
    );
  }
  return [program, ...(words.some((word) => word.includes("{input}")) ? args : [...args, file])];
}
