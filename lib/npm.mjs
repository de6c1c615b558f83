// Plain JavaScript: it runs before anything is installed, on whatever Node the machine has.
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** What all clones of a user share; where lib/host/paths.ts, by env-paths, has it. */
export function sharedFolder() {
  const mac = join(homedir(), "Library", "Application Support");
  const data = process.platform === "darwin" ? mac : process.env.XDG_DATA_HOME || join(homedir(), ".local", "share");
  return join(data, "inngest-local");
}

/**
 * Runs npm, whose output goes to standard error.
 *
 * @param {string} folder
 * @param {string[]} args
 * @param {string} what it installs
 * @returns {string | undefined} what is missing and what to do about it, where it fails
 */
export function npm(folder, args, what) {
  const { PULUMI_CONFIG_PASSPHRASE: _, PULUMI_CONFIG: __, ...env } = process.env;
  const flags = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error", ...cacheFlags()];
  const { status, error } = spawnSync("npm", [...args, ...flags], { cwd: folder, env, stdio: ["ignore", 2, 2] });
  if (status === 0) return undefined;
  if (error) {
    return `npm could not be started to install ${what} (${error.message}). Remedy: install Node 24 with npm from https://nodejs.org`;
  }
  return (
    `npm could not install ${what}; its output is above. Remedy: correct what it names and run this again, which goes on. ` +
    "Where the registry cannot be reached, name one that can: npm config set registry URL"
  );
}

/** npm, in every version, fails where it cannot write into its cache: then it gets one of ours. */
function cacheFlags() {
  const cache = process.env.npm_config_cache || join(homedir(), ".npm");
  const isReadOnly = [cache, join(cache, "_cacache", "tmp")].some((path) => {
    try {
      accessSync(path, constants.W_OK);
      return false;
    } catch (error) {
      return /** @type {NodeJS.ErrnoException} */ (error).code !== "ENOENT";
    }
  });
  return isReadOnly ? ["--cache", join(sharedFolder(), "npm")] : [];
}
