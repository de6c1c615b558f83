import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { writePrivateFile } from "../../lib/data/private-file.ts";
import { fetchEngine } from "../../lib/engines/fetch.ts";
import { engineBinary, pinnedVersion } from "../../lib/engines/release.ts";
import { backendUrl, ownBackendUrl } from "../../lib/host/backend.ts";
import { passphraseFile, stateFolder } from "../../lib/host/paths.ts";
import { installedInngest, onPath } from "../../lib/host/programs.ts";
import { atLeast } from "../../lib/host/versions.ts";
import { run } from "../../lib/process.ts";
import type { Settings } from "../../lib/settings/settings.ts";
import { partsOf } from "../../lib/stack/parts.ts";

/**
 * Path of the Pulumi CLI: the one on PATH where it fits, else the pinned one, which is fetched on first use.
 *
 * @throws {Problem} when it cannot be fetched
 */
export async function findBinary(): Promise<string> {
  const pinned = pinnedVersion("pulumi");
  const home = process.env.PULUMI_HOME ?? join(homedir(), ".pulumi");
  // Where Pulumi's own packages put it.
  const installed = [join(home, "versions", pinned, "bin", "pulumi"), engineBinary("pulumi")];
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
  const binary = onPath("pulumi", folders);
  if (binary && (installed.includes(binary) || (await fits(binary, pinned)))) return binary;
  return installed.find((path) => existsSync(path)) ?? (await fetchEngine("pulumi"));
}

async function fits(binary: string, pinned: string): Promise<boolean> {
  const version = await run(binary, ["version"], { env: { PULUMI_SKIP_UPDATE_CHECK: "true" } }).catch(() => "");
  return atLeast(version, pinned) && version.split(".")[0] === `v${pinned.split(".")[0]}`;
}

/** Fetches the server's binary where the stack runs it on this machine, which has none. Nothing of a plan fetches. */
export async function fetchServer(settings: Settings): Promise<void> {
  const programs = partsOf(settings).flatMap(({ program }) => program ?? []);
  if (!programs.some((program) => program.kind === "inngest" && program.binary === undefined)) return;
  if (!installedInngest()) await fetchEngine("inngest");
}

/** Variables that give a user who is logged in to no Pulumi backend one in files, and a passphrase for it. */
export function ownBackend(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own: NodeJS.ProcessEnv = { PULUMI_SKIP_UPDATE_CHECK: "true", PULUMI_SUPPRESS_NEO_LINK: "true" };
  if (backendUrl(environment) === undefined) {
    mkdirSync(stateFolder(), { recursive: true, mode: 0o700 });
    own.PULUMI_BACKEND_URL = ownBackendUrl();
  }
  if (environment.PULUMI_CONFIG_PASSPHRASE === undefined && !environment.PULUMI_CONFIG_PASSPHRASE_FILE) {
    if (!existsSync(passphraseFile())) writePrivateFile(passphraseFile(), `${randomBytes(32).toString("hex")}\n`);
    own.PULUMI_CONFIG_PASSPHRASE_FILE = passphraseFile();
  }
  return own;
}

/**
 * Whether a backend of files has the stack; for any other backend only the CLI knows. Deletes the empty `.attrs` file
 * that a killed CLI leaves next to the state, because of which the next one would not read the state ("failed to load
 * checkpoint: EOF").
 */
export function hasStateFile(environment: NodeJS.ProcessEnv, project: string, stack: string): boolean {
  const { PULUMI_BACKEND_URL: backend = "" } = environment;
  if (!backend.startsWith("file:///")) return false;
  const file = join(fileURLToPath(backend), ".pulumi", "stacks", project, `${stack}.json`);
  const attributes = `${file}.attrs`;
  if (statSync(attributes, { throwIfNoEntry: false })?.size === 0) rmSync(attributes, { force: true });
  return existsSync(file);
}
