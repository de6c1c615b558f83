import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { writePrivateFile } from "../../lib/data/private-file.ts";
import { fetchEngine } from "../../lib/engines/fetch.ts";
import { engineBinary, pinnedVersion } from "../../lib/engines/release.ts";
import { backendUrl } from "../../lib/host/backend.ts";
import { passphraseFile, stateFolder } from "../../lib/host/paths.ts";
import { onPath } from "../../lib/host/programs.ts";
import { atLeast } from "../../lib/host/versions.ts";
import { run } from "../../lib/process.ts";

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

/** The backend of a user who is logged in to none. */
export function ownBackendUrl(): string {
  return pathToFileURL(stateFolder()).href;
}
