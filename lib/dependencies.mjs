// Plain JavaScript: it runs before anything is installed, on whatever Node the machine has.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";

/**
 * Installs a package folder's npm dependencies when they are missing or older than its lock file.
 * npm's own output goes to standard error.
 * @param {string} folder
 * @returns {boolean} whether they are there now
 */
export function ensureDependencies(folder) {
  const lock = join(folder, "package-lock.json");
  // npm writes this file last, so that it tells an install that was finished.
  const installed = statSync(join(folder, "node_modules", ".package-lock.json"), { throwIfNoEntry: false });
  if (installed && (!existsSync(lock) || statSync(lock).mtimeMs <= installed.mtimeMs)) return true;
  const { PULUMI_CONFIG_PASSPHRASE: _, PULUMI_CONFIG: __, ...env } = process.env;
  const install = [existsSync(lock) ? "ci" : "install", "--no-audit", "--no-fund", "--loglevel=error"];
  return spawnSync("npm", install, { cwd: folder, env, stdio: ["ignore", 2, 2] }).status === 0;
}
