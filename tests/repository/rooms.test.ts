// Proves where files may import from, that nothing imports in a circle, and the sizes that keep the rooms readable.
// Reads imports as text: one that is put together at run time is not seen.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";

const rooms = ["components", "scripts", "runtime", "lib", "cli", "worker", "tools", "bench", "policy"];

/** Rooms that a file of a room may import from, besides its own. `tests` and `examples` may import from everywhere. */
const arrows: Record<string, string[]> = {
  "index.ts": ["components", "lib"],
  components: ["lib"],
  scripts: ["lib"],
  runtime: ["lib"],
  lib: [],
  cli: ["lib"],
  worker: [],
  policy: [],
  tools: ["lib", "cli", "components", "runtime", "scripts", "bench", "tests"],
  bench: ["lib", "components", "tools"],
};

const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.ts", "*.mjs"], {
  encoding: "utf8",
})
  .trim()
  .split("\n")
  .filter((file) => existsSync(file) && (file === "index.ts" || rooms.includes(roomOf(file))));
const product = files.filter((file) => !/(^|\/)tests\//.test(file) && !/^(tools|bench|policy)\//.test(file));

/** Every module that a file imports: paths from the project's folder, and names of packages. */
const imports = new Map(files.map((file) => [file, importsOf(file)]));

function importsOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  const found = [...text.matchAll(/^(?:import|export)\b[^;"']*?(?:from )?"([^"]+)"|\bimport\("([^"]+)"\)/gm)];
  return found
    .map(([, fixed, lazy]) => (fixed ?? lazy) as string)
    .map((name) => (name.startsWith(".") ? relative(".", join(dirname(file), name)) : name))
    .filter((name) => !/\.(ts|mjs)$/.test(name) || existsSync(name));
}

function roomOf(path: string): string {
  return path.split("/")[0] as string;
}

test("files import from the rooms that theirs may depend on", () => {
  const wrong = files.flatMap((file) =>
    (imports.get(file) ?? [])
      .filter((path) => /\.(ts|mjs)$/.test(path))
      .filter((path) => {
        const [from, to] = [roomOf(file), roomOf(path)];
        return from !== to && !arrows[from]?.includes(to);
      })
      .map((path) => `${file} -> ${path}`),
  );
  expect(wrong).toEqual([]);
});

test("only components import Pulumi's SDKs", () => {
  const allowed = ["components", "tools", "bench", "policy", "index.ts"];
  const wrong = files.filter(
    (file) => !allowed.includes(roomOf(file)) && imports.get(file)?.some((name) => name.startsWith("@pulumi/")),
  );
  expect(wrong).toEqual([]);
});

test("a command's folder is imported by that command alone", () => {
  const wrong = files.flatMap((file) =>
    (imports.get(file) ?? []).filter((path) => {
      const [, command] = /^cli\/([\w-]+)\//.exec(path) ?? [];
      if (!command || command === "lib" || !existsSync(`cli/${command}.ts`)) return false;
      return file !== `cli/${command}.ts` && !file.startsWith(`cli/${command}/`);
    }),
  );
  expect(wrong).toEqual([]);
});

test("no file imports itself in a circle", () => {
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: string[]) => {
    const at = path.indexOf(file);
    if (at >= 0) circles.push([...path.slice(at), file].join(" -> "));
    if (at >= 0 || done.has(file)) return;
    for (const next of imports.get(file) ?? []) if (imports.has(next)) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  expect(circles).toEqual([]);
});

test("no file of the product is longer than 300 lines, and index.ts is one screen", () => {
  const lines = (file: string) => readFileSync(file, "utf8").split("\n").length - 1;
  expect(product.filter((file) => lines(file) > 300)).toEqual([]);
  expect(lines("index.ts")).toBeLessThanOrEqual(30);
});

test("at most 8 files lie loose in components", () => {
  const loose = files.filter((file) => /^components\/[^/]+$/.test(file));
  expect(loose.length, loose.join(", ")).toBeLessThanOrEqual(8);
});

test("no two modules of the product export different things under one name", () => {
  const seen = new Map<string, string[]>();
  for (const file of product.filter((each) => roomOf(each) !== "worker")) {
    const text = readFileSync(file, "utf8");
    for (const [, name] of text.matchAll(/^export (?:async )?(?:function|class|interface|type|const) (\w+)/gm)) {
      seen.set(name as string, [...(seen.get(name as string) ?? []), file]);
    }
  }
  const twice = [...seen].filter(([name, where]) => where.length > 1 && name !== "deploy");
  expect(twice.map(([name, where]) => `${name}: ${where.join(", ")}`)).toEqual([]);
});
