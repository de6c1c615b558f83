import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const project = resolve(import.meta.dirname, "..");

/**
 * Sources of programs of this project, by path from the project's folder: the entries and everything that they import.
 */
export function sourcesOf(...entries: string[]): Record<string, string> {
  const found = new Map<string, string>();
  const visit = (path: string) => {
    if (found.has(path)) return;
    const text = readFileSync(join(project, path), "utf8");
    found.set(path, text);
    for (const [, imported] of text.matchAll(/(?:from|import|import\() ?"(\.[^"]+)"/g)) {
      visit(relative(project, resolve(project, dirname(path), imported as string)));
    }
  };
  for (const entry of entries) visit(entry);
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** SHA-256 of a program's {@link sourcesOf}: it changes with each of its files, and with no other. */
export function programHash(entry: string): string {
  return createHash("sha256")
    .update(JSON.stringify(sourcesOf(entry)))
    .digest("hex");
}

/** Programs of `runtime/` that work on a stack's data, and need nothing but Node. */
export const dataPrograms = ["janitor", "sweep-job", "sweep-now", "snapshot", "restore", "inspect"] as const;
export type DataProgram = (typeof dataPrograms)[number];

/** Path of such a program, both from the project's folder and from the folder that it is copied to. */
export function pathOf(program: DataProgram): string {
  return `runtime/${program}.ts`;
}

/** The `package.json` that the programs need where they are copied to: their sources are ES modules. */
export const packageFile = '{ "type": "module" }\n';

/** The files of all of the programs where they are copied to, by path. */
export function runtimeFiles(): Record<string, string> {
  return { "package.json": packageFile, ...sourcesOf(...dataPrograms.map(pathOf)) };
}
