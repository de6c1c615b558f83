import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, posix, resolve } from "node:path";
import { createTwoFilesPatch } from "diff";
import { Problem } from "../../lib/problem.ts";
import { UsageProblem } from "../lib/command.ts";

export const works = ["ai", "general", "both"] as const;
export type Work = (typeof works)[number];

/** Text files by their path in a folder, with `/` on every system. */
export type Files = ReadonlyMap<string, string>;

/** Not part of a worker's source. */
const ignored = new Set(["node_modules", "dist"]);

/** The source of the worker in a folder. */
export function readFiles(folder: string): Files {
  const files = new Map<string, string>();
  const visit = (relative: string) => {
    for (const entry of readdirSync(join(folder, relative), { withFileTypes: true })) {
      const path = posix.join(relative, entry.name);
      if (ignored.has(entry.name) || /\.log$|^\.env/.test(entry.name)) continue;
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile()) files.set(path, readFileSync(join(folder, path), "utf8"));
    }
  };
  visit("");
  return files;
}

/**
 * The files of a new worker: the template's without the functions of other kinds of work, and without the modules and
 * tests that only those use.
 *
 * @throws {Error} when the template does not list its functions as expected
 */
export function scaffoldFiles(template: Files, work: Work, name: string): Files {
  const files = new Map(template);
  for (const unwanted of works.filter((each) => each !== "both" && work !== "both" && each !== work)) {
    dropFunctions(files, unwanted);
  }
  for (const path of ["package.json", "package-lock.json"]) {
    const text = files.get(path);
    if (text !== undefined) files.set(path, text.replaceAll('"name": "inngest-local-worker"', `"name": "${name}"`));
  }
  return files;
}

const functionList = "functions/index.ts";

function dropFunctions(files: Map<string, string>, work: Work): void {
  const index = files.get(functionList) ?? "";
  const list = new RegExp(`^const ${work} = \\[([^\\]]*)\\];$`, "m").exec(index);
  if (!list) throw new Error(`${functionList} of the worker's template has no list \`const ${work} = [...]\``);
  const imports = [...index.matchAll(/^import \{ (\w+) \} from "\.\/([\w-]+)\.ts";\n/gm)];
  const wanted = (name = "") => (list[1] as string).split(/[\s,]+/).includes(name);
  const dropped = imports.filter(([, name]) => wanted(name));
  const ids = dropped.map(([, , id]) => id as string);

  const before = reachable(files);
  let text = index.replace(list[0], `const ${work}: InngestFunction.Any[] = [];`);
  for (const [line] of dropped) text = text.replace(line, "");
  files.set(functionList, text);
  const gone = new Set(ids.map((id) => `functions/${id}.ts`));
  for (const path of gone) files.delete(path);
  for (const [path, test] of files) {
    if (!path.endsWith(".test.ts")) continue;
    if (importsOf(path, test).some((each) => gone.has(each)) || ids.some((id) => test.includes(`"${id}"`))) {
      files.delete(path);
    }
  }
  // Modules that only the dropped files used go too.
  const after = reachable(files);
  for (const path of before) if (!after.has(path)) files.delete(path);

  const readme = files.get("README.md")?.split("\n");
  const isRow = (line: string) => ids.some((id) => line.startsWith("| `") && line.split("|")[1]?.includes(`\`${id}\``));
  if (readme) files.set("README.md", readme.filter((line) => !isRow(line)).join("\n"));
}

/** Modules that are entries, and all that they import. */
function reachable(files: Files): Set<string> {
  const found = new Set<string>();
  const visit = (path: string) => {
    if (found.has(path)) return;
    found.add(path);
    for (const imported of importsOf(path, files.get(path) ?? "")) if (files.has(imported)) visit(imported);
  };
  for (const path of files.keys()) {
    // Every file at the top may be an entry, and every test is one.
    if (path.endsWith(".ts") && (!path.includes("/") || path.endsWith(".test.ts"))) visit(path);
  }
  return found;
}

function importsOf(path: string, text: string): string[] {
  return [...text.matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)].map(([, specifier]) =>
    posix.join(posix.dirname(path), specifier as string),
  );
}

/** What is at the path of a worker's folder. */
export type WorkerFolder = "absent" | "worker" | "other";

export function lookAt(folder: string): WorkerFolder {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (!found) return "absent";
  if (!found.isDirectory()) return "other";
  if (readdirSync(folder).length === 0) return "absent";
  return existsSync(join(folder, "package.json")) ? "worker" : "other";
}

/** @throws {UsageProblem} when the folder has other files, so that it neither has a worker nor can get one */
export function checkFolder(folder: string): void {
  if (lookAt(folder) !== "other") return;
  throw new UsageProblem(
    `--worker-dir must be a worker's folder or one that does not exist yet, and ${JSON.stringify(folder)} has other ` +
      "files",
    "--worker-dir with another folder; no file of yours is overwritten",
  );
}

/**
 * Writes a new worker, first under another name, so that the folder never has half of one.
 *
 * @throws {Problem} when it cannot be moved to its place
 */
export function writeWorker(folder: string, files: Files): void {
  const place = resolve(folder);
  const draft = join(dirname(place), `.${basename(place)}.partial`);
  rmSync(draft, { recursive: true, force: true });
  for (const [path, text] of files) {
    mkdirSync(dirname(join(draft, path)), { recursive: true });
    writeFileSync(join(draft, path), text);
  }
  try {
    // Replaces an empty folder, and no other.
    renameSync(draft, place);
  } catch (error) {
    throw new Problem(
      `the worker cannot be put at ${place} (${(error as NodeJS.ErrnoException).code}); it is in ${draft}`,
    );
  }
}

/** npm's name for a worker in that folder. */
export function packageName(folder: string): string {
  const name = basename(resolve(folder))
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
  return name || "my-worker";
}

/** How files that would be written differ from those in a folder, with a patch for each. */
export function differences(folder: string, files: Files): { path: string; patch: string }[] {
  const there = readFiles(folder);
  return [...files].flatMap(([path, text]) => {
    const own = there.get(path);
    if (own === text) return [];
    if (own === undefined) return [{ path, patch: `${path} does not exist\n` }];
    return [{ path, patch: createTwoFilesPatch(path, path, own, text, "yours", "the template's", { context: 1 }) }];
  });
}
