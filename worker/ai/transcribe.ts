import { spawn } from "node:child_process";
import { NonRetriableError } from "inngest";
import { settings } from "../environment.ts";
import { shorten } from "../log.ts";

/** How long a transcription may take, in milliseconds. */
const TIMEOUT = 90 * 60_000;
/** Variables with these beginnings hold keys or addresses with passwords; no program that is started gets them. */
const PRIVATE = /^(INNGEST_|AI_|AWS_|REDIS_URL|CLAIM_STORE|WEBHOOK_)/;

/**
 * Runs `TRANSCRIBE_COMMAND` on a file and streams what it prints.
 *
 * The command is split at spaces, with quotes to keep some; no shell sees it. `{input}` stands for the file, which comes last
 * when the command does not name it.
 *
 * @throws NonRetriableError when `TRANSCRIBE_COMMAND` is not set or its program is not there
 * @throws Error with the end of what it printed as errors when it fails
 */
export async function* transcribe(file: string): AsyncGenerator<Uint8Array> {
  const [program, ...args] = commandFor(file);
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: publicEnvironment(),
    timeout: TIMEOUT,
  });
  let complaints = "";
  child.stderr.on("data", (text: Buffer) => {
    complaints = (complaints + text.toString()).slice(-1_000);
  });
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    child.once("close", (code, signal) => resolve(signal ?? String(code)));
  });
  try {
    yield* child.stdout;
    const end = await ended;
    if (end === "ENOENT")
      throw new NonRetriableError(`TRANSCRIBE_COMMAND names a program that is not there: ${program}`);
    if (end !== "0") throw new Error(`TRANSCRIBE_COMMAND ended with ${end}: ${shorten(complaints.trim())}`);
  } finally {
    child.kill();
  }
}

function publicEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !PRIVATE.test(name))) as NodeJS.ProcessEnv;
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
