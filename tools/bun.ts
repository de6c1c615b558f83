import { globSync } from "node:fs";
import { resolve } from "node:path";

/** Where the worker's development dependency `bun` has its binary, as npm unpacks it and after its install script. */
export const bunFolders = [...globSync("worker/node_modules/@oven/bun-*/bin").sort(), "worker/node_modules/.bin"].map(
  (folder) => resolve(folder),
);
