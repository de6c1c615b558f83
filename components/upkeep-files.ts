import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The scripts that work on a stack's state, which need nothing but Node, by path. */
export function upkeepFiles(): Record<string, string> {
  const scripts = readdirSync(join(import.meta.dirname, "upkeep")).sort();
  const paths = ["host/problem.ts", ...scripts.map((script) => `upkeep/${script}`)];
  const sources = paths.map((path) => [path, readFileSync(join(import.meta.dirname, path), "utf8")]);
  return { "package.json": '{ "type": "module" }\n', ...Object.fromEntries(sources) };
}
