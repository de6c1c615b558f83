import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { writePrivateFile } from "../../lib/data/private-file.ts";
import { passphraseFile, stateFolder } from "../../lib/host/paths.ts";
import { onPath } from "../../lib/host/programs.ts";
import { atLeast } from "../../lib/host/versions.ts";
import { Problem } from "../../lib/problem.ts";

const require = createRequire(import.meta.url);

/**
 * Path of the Pulumi CLI: the pinned one, which the npm package `pulumi` downloads on first use, or where that fails
 * one on PATH that is not older.
 *
 * @throws {Problem} when there is neither
 */
export async function findBinary(): Promise<string> {
  const { version: pinned } = require("pulumi/package.json") as { version: string };
  const { resolve } = require("pulumi/lib/resolve.js") as { resolve(options: { version: string }): Promise<string> };
  try {
    return await resolve({ version: pinned });
  } catch (error) {
    const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
    const binary = onPath("pulumi", folders);
    if (binary && atLeast(execFileSync(binary, ["version"], { encoding: "utf8" }), pinned)) return binary;
    throw new Problem(
      `Pulumi's CLI ${pinned} could not be fetched (${(error as Error).message.split("\n")[0]}), and PATH has none of at ` +
        "least that version",
      "connect to the network, or install it from https://www.pulumi.com/docs/install",
    );
  }
}

/** Variables that give a user who is logged in to no Pulumi backend one in files, and a passphrase for it. */
export function ownBackend(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own: NodeJS.ProcessEnv = { PULUMI_SKIP_UPDATE_CHECK: "true", PULUMI_SUPPRESS_NEO_LINK: "true" };
  if (!isLoggedIn(environment)) {
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

function isLoggedIn(environment: NodeJS.ProcessEnv): boolean {
  if (environment.PULUMI_BACKEND_URL || environment.PULUMI_ACCESS_TOKEN) return true;
  const home = environment.PULUMI_HOME ?? join(homedir(), ".pulumi");
  try {
    return Boolean((JSON.parse(readFileSync(join(home, "credentials.json"), "utf8")) as { current?: string }).current);
  } catch {
    return false;
  }
}
