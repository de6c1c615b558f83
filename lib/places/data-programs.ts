import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Problem } from "../problem.ts";
import { CommandFailed, run } from "../process.ts";
import { runtimeFiles } from "../runtime-files.ts";

/** Calls `use` with a folder that has the sources of all data programs, and an empty folder `files`. */
export async function withPrograms<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "upkeep-"));
  try {
    for (const [path, content] of Object.entries(runtimeFiles())) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    mkdirSync(join(folder, "files"));
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Runs a command that is a data program in the end: a request on its standard input, an answer on its output.
 *
 * @throws {Problem} with all that a program that fails has printed as its reason
 */
export async function answerOf<T>(command: string, args: readonly string[], request: object): Promise<T> {
  try {
    const printed = await run(command, args, { input: JSON.stringify(request) });
    return (printed ? JSON.parse(printed) : undefined) as T;
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    // kubectl adds a line of its own.
    const reason = error.stderr.replace(/^command terminated with exit code \d+$/m, "").trim();
    throw new Problem(reason || `it ended with ${error.code}`);
  }
}
