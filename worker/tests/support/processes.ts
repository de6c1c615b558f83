import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import { reasonOf } from "../../errors.ts";

/** A process that a test has started. */
export interface Running {
  readonly output: string;
  /** The exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Sends the signal and waits until the process has ended. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<number | string>;
}

/** Starts a program whose environment is PATH and `env` only. */
export function start(program: string, args: string[], env: Record<string, string>, cwd: string): Running {
  const child = spawn(program, args, {
    cwd,
    env: { PATH: process.env.PATH ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const collect = (text: Buffer) => {
    output += text.toString();
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const ended = once(child, "close").then(() => child.exitCode ?? child.signalCode ?? "");
  return {
    get output() {
      return output;
    },
    ended,
    end(signal) {
      child.kill(signal);
      return ended;
    },
  };
}

/** Whether a program is on PATH. */
export function hasProgram(name: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Ports already handed out: their users may not be listening at the moment. */
const taken = new Set<number>();

/** A port from 18000 to 18999 that is free and was not handed out before in this test file. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 18_000 + Math.floor(Math.random() * 1_000);
    if (taken.has(port)) continue;
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
    if (free) {
      taken.add(port);
      return port;
    }
  }
}

/**
 * Repeats `ask` until it returns something other than `undefined` and `false`.
 *
 * @param event what is waited for, such as "the run ended"
 * @throws {Error} naming the event when it does not happen in time
 */
export async function until<T>(
  event: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 20_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let reason = "";
  while (Date.now() < deadline) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      reason = ` (${reasonOf(error)})`;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`Timed out after ${timeoutMs / 1000} s waiting until ${event}${reason}.`);
}
