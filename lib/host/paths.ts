import { join, resolve } from "node:path";
import envPaths from "env-paths";

/**
 * The data folder of a stack, under `~/.local/share/inngest-local/stacks` (or `XDG_DATA_HOME`) on Linux and
 * `~/Library/Application Support/inngest-local/stacks` on macOS.
 */
export function dataFolder(stack: string, dataDir?: string): string {
  return dataDir ?? join(homes().data, "stacks", stack);
}

/** Where Pulumi keeps the state of stacks for a person who is logged in to no backend. */
export function stateFolder(): string {
  return join(homes().data, "state");
}

/** Where backups of a stack go by default: not in its data folder, which may be deleted. */
export function backupFolder(stack: string): string {
  return join(homes().data, "backups", stack);
}

/** What a command of several steps has begun. */
export function upkeepFile(name: string): string {
  return join(homes().data, "upkeep", name);
}

/** Programs that were brought for an upgrade. */
export function programFolder(name: string): string {
  return join(homes().data, "programs", name);
}

/** Passphrase of such stacks, 0600. */
export function passphraseFile(): string {
  return join(homes().config, "passphrase");
}

/** Compiled modules that Node may drop and make again, beside those that they are of; cli/run.mjs names it too. */
export function compileCache(): string {
  return resolve("node_modules/.cache/compiled");
}

/** Held by who changes a service; outside of its data folder, which a refused change does not create. */
export function lockFile(label: string): string {
  return join(homes().data, "locks", `${label}.lock`);
}

function homes() {
  return envPaths("inngest-local", { suffix: "" });
}

/** Files and folders of one service within its stack's data folder. */
export function servicePaths(dataDir: string, service: string) {
  return {
    folder: join(dataDir, service),
    log: join(dataDir, "logs", `${service}.log`),
    record: join(dataDir, "run", `${service}.json`),
    envFile: join(dataDir, service, `${service}.env`),
    inherited: join(dataDir, service, "environment.json"),
  };
}
