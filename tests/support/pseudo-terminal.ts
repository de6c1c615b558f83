import { type ChildProcess, spawn } from "node:child_process";
import { stripVTControlCharacters } from "node:util";
import { onPath } from "../../lib/host/programs.ts";

/** Why there is no pseudo-terminal here, or `undefined`. */
export function noPseudoTerminal(): string | undefined {
  return process.platform === "linux" && onPath("script")
    ? undefined
    : "no util-linux `script` that makes a pseudo-terminal";
}

/** A command on a pseudo-terminal, which is answered as a person would: a key when a text has appeared. */
export class PseudoTerminal {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number>;
  #raw = "";
  #read = 0;

  constructor(command: string[], options: { cwd: string; env: NodeJS.ProcessEnv }) {
    const line = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
    // One without a size would break every line after each letter.
    const sized = `stty cols 120 rows 50 && exec ${line}`;
    this.#child = spawn("script", ["--quiet", "--return", "--command", sized, "/dev/null"], {
      ...options,
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#raw += text;
    });
    this.#ended = new Promise((resolve) => this.#child.once("close", (code) => resolve(code ?? 1)));
  }

  /** All that has appeared, without colours and movements. */
  get text(): string {
    return stripVTControlCharacters(this.#raw);
  }

  /** Waits until `question` appears after what was answered last, and presses `keys`. */
  async answer(question: string, keys: string): Promise<void> {
    const deadline = Date.now() + 30_000;
    for (;;) {
      const at = this.text.indexOf(question, this.#read);
      if (at >= 0) {
        this.#read = at + question.length;
        break;
      }
      if (Date.now() > deadline) throw new Error(`${question} has not appeared:\n${this.text}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    // A prompt draws itself before it listens.
    await new Promise((resolve) => setTimeout(resolve, 200));
    this.#child.stdin?.write(keys);
  }

  async ended(): Promise<number> {
    return await this.#ended;
  }
}
