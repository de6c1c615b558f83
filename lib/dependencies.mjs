// Plain JavaScript: it runs before anything is installed, on whatever Node the machine has.
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { npm } from "./npm.mjs";

/** This project needs no dependency's install script, and nothing optional: that is TypeScript, for the SDK's ts-node. */
export const rootFlags = ["--omit=optional", "--ignore-scripts"];

/**
 * Installs a package folder's npm dependencies when they are missing or older than its lock file.
 *
 * @param {string} folder
 * @param {{ dev?: boolean, flags?: string[] }} [options] `dev`: with the development dependencies, which stay anyway where
 *   they are; `flags`: more of npm's
 * @returns {string | undefined} what is missing and what to do about it, where npm fails
 */
export function installDependencies(folder, { dev = false, flags = [] } = {}) {
  const lock = join(folder, "package-lock.json");
  // npm writes this file last, so that it tells an install that was finished.
  const installed = statSync(join(folder, "node_modules", ".package-lock.json"), { throwIfNoEntry: false });
  const isFresh = installed && (!existsSync(lock) || statSync(lock).mtimeMs <= installed.mtimeMs);
  if (isFresh && !dev) return undefined;
  const hasDev = hasDevDependencies(folder);
  if (isFresh && hasDev) return undefined;
  const which = dev || hasDev ? ["--include=dev", "--include=optional"] : ["--omit=dev"];
  return npm(folder, [existsSync(lock) ? "ci" : "install", ...which, ...flags], `the dependencies of ${folder}`);
}

/** @param {string} folder */
function hasDevDependencies(folder) {
  const { devDependencies = {} } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return Object.keys(devDependencies).every((name) => existsSync(join(folder, "node_modules", name)));
}
