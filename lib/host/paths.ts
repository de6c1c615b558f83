import { existsSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import envPaths from "env-paths";

/**
 * Data folder of a stack.
 *
 * @param dataDir the setting. @default `~/.local/share/inngest-local/stacks` (or under `XDG_DATA_HOME`) on Linux,
 *   `~/Library/Application Support/inngest-local/stacks` on macOS
 */
export function dataFolder(stack: string, dataDir?: string): string {
  return dataDir ?? join(homes().data, "stacks", stack);
}

/** Pulumi's state for a user who is not logged in to a backend. */
export function stateFolder(): string {
  return join(homes().data, "state");
}

/** Default folder of a stack's backups; outside its data folder, which may be deleted. */
export function backupFolder(stack: string): string {
  return join(homes().data, "backups", stack);
}

/** Journal of a command with several steps. */
export function upkeepFile(name: string): string {
  return join(homes().data, "upkeep", name);
}

/** Folder of a fetched engine. No cache that may be emptied: a server runs from it. */
export function engineFolder(name: string, version: string): string {
  return join(homes().data, "engines", name, version);
}

/** Passphrase of the stacks in {@link stateFolder}, 0600. */
export function passphraseFile(): string {
  return join(homes().config, "passphrase");
}

/** Node's cache of compiled modules, which may be deleted; cli/run.mjs names it too. */
export function compileCache(): string {
  return resolve("node_modules/.cache/compiled");
}

/** What this machine knows of a stack: the home that it was last brought up with. */
export function homeFile(stack: string): string {
  return join(homes().data, "homes", `${stack}.json`);
}

/** The project's folder. A link to `Pulumi.yaml` belongs to the project that it leads to. */
export function projectFolder(): string {
  return existsSync("Pulumi.yaml") ? dirname(realpathSync("Pulumi.yaml")) : process.cwd();
}

/** Lock of a service. Outside its data folder, which a refused change must not create. */
export function lockFile(label: string): string {
  return join(homes().data, "locks", `${label}.lock`);
}

function homes() {
  return envPaths("inngest-local", { suffix: "" });
}

/** Files and folders of a service in its stack's data folder. */
export function servicePaths(dataDir: string, service: string) {
  return {
    folder: join(dataDir, service),
    log: join(dataDir, "logs", `${service}.log`),
    record: join(dataDir, "run", `${service}.json`),
    envFile: join(dataDir, service, `${service}.env`),
    inherited: join(dataDir, service, "environment.json"),
  };
}
