import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { Problem } from "../problem.ts";
import { runtimeFiles } from "../runtime-files.ts";

/** Calls `use` with a folder that has the scripts, to be brought to where the data are, and an empty `files`. */
export async function withScripts<T>(use: (folder: string) => Promise<T>): Promise<T> {
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

/** What a script answers, from its standard output; its failure as it words it. */
export async function answered<T>(command: string, args: string[], order: object): Promise<T> {
  const result = await execa(command, args, { input: JSON.stringify(order), reject: false });
  if (result.exitCode !== 0) {
    // A line of kubectl's own.
    const said = result.stderr.replace(/^command terminated with exit code \d+$/m, "").trim();
    throw new Problem(said || `it ended with ${result.exitCode ?? result.signal}`);
  }
  return (result.stdout ? JSON.parse(result.stdout) : undefined) as T;
}
