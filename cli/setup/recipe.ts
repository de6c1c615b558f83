/**
 * The usual recipe for a server started by hand: `docker run --name inngest …`, with its keys in `.env.inngest`. Finds
 * out what of it can be taken over.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join, posix } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { onPath } from "../../lib/host/programs.ts";
import { Problem } from "../../lib/problem.ts";
import { CommandFailed, run } from "../../lib/process.ts";
import { eventKeyProblem, signingKeyProblem } from "../../lib/settings/keys.ts";
import { stackLabel } from "../../lib/stack/docker-names.ts";
import { parseKeyFile } from "../lib/key-file.ts";

export interface Recipe {
  /** Where the keys were found, for people. */
  source: string;
  keys: { signingKey?: string; eventKey?: string };
  /** Why keys cannot be used; never their values. */
  unusable: string[];
  container?: OldContainer;
}

export interface OldContainer {
  running: boolean;
  image: string;
  /** Folder of its database. */
  folder: string;
  /** Ports of this machine that it publishes. */
  ports: number[];
}

const containerName = "inngest";
const keyFile = ".env.inngest";

/** Finds what the recipe has left on this machine; its key file is looked for in `folders` and the home folder. */
export async function findRecipe(folders: string[]): Promise<Recipe | undefined> {
  const found = await inspectContainer();
  const file = [...folders, homedir()].map((folder) => join(folder, keyFile)).find(existsSync);
  if (!found && !file) return undefined;
  // What the container runs with wins over the file, which may be from another attempt.
  const variables = { ...(file ? parseKeyFile(readFileSync(file, "utf8")) : {}), ...found?.variables };
  const source = [found && `container ${containerName}`, file].filter(Boolean).join(" and ");
  return { source, ...usableKeys(variables), ...(found && { container: found.container }) };
}

/** The keys that this project can use. The signing key loses its prefix, and signs the same without it. */
export function usableKeys(variables: Record<string, string>): Pick<Recipe, "keys" | "unusable"> {
  const { INNGEST_SIGNING_KEY, INNGEST_EVENT_KEY } = variables;
  const candidates = {
    signingKey: INNGEST_SIGNING_KEY?.replace(/^signkey-\w+-/, ""),
    // The server takes several; senders use the first.
    eventKey: INNGEST_EVENT_KEY?.split(",")[0],
  };
  const keys: Recipe["keys"] = {};
  const unusable: string[] = [];
  for (const [name, problemOf] of [
    ["signingKey", signingKeyProblem],
    ["eventKey", eventKeyProblem],
  ] as const) {
    const key = candidates[name];
    if (key === undefined) continue;
    const problem = problemOf(key);
    if (problem) unusable.push(`\`${name}\` ${problem}`);
    else keys[name] = key;
  }
  return { keys, unusable };
}

interface InspectedContainer {
  Config: { Env: string[] | null; Labels: Record<string, string> | null; Image: string; WorkingDir: string };
  State: { Running: boolean };
  HostConfig: { PortBindings: Record<string, { HostPort: string }[] | null> | null };
}

async function inspectContainer(): Promise<{ container: OldContainer; variables: Record<string, string> } | undefined> {
  if (!onPath("docker")) return undefined;
  const inspected = await run("docker", ["container", "inspect", containerName]).catch(() => undefined);
  if (inspected === undefined) return undefined;
  const [description] = JSON.parse(inspected) as [InspectedContainer];
  const { Config, State, HostConfig } = description;
  const variables = parseKeyFile((Config.Env ?? []).join("\n"));
  if (Config.Labels?.[stackLabel] || !Config.Image.includes("inngest")) return undefined;
  const ports = Object.values(HostConfig.PortBindings ?? {}).flatMap((bindings) => bindings ?? []);
  return {
    variables,
    container: {
      running: State.Running,
      image: Config.Image,
      // The volume that the recipe mounts at /var/lib/inngest stays empty: the server writes to its working folder.
      folder: posix.resolve(Config.WorkingDir || "/", variables.INNGEST_SQLITE_DIR ?? ".inngest"),
      ports: ports.map(({ HostPort }) => Number(HostPort)),
    },
  };
}

/** Stops the container and leaves it as it is: `docker start inngest` brings it back. */
export async function stopContainer(): Promise<void> {
  await run("docker", ["stop", "--time", "30", containerName]);
}

/** Whether a server's folder already has a history, which then stays. */
export function hasHistory(folder: string): boolean {
  return existsSync(join(folder, "main.db"));
}

/**
 * Copies a stopped container's history into a server's folder, in one move. Its runs in flight were in memory only.
 *
 * @returns whether there was a history
 * @throws {Problem} when Docker cannot copy it
 */
export async function copyHistory({ folder: from }: OldContainer, folder: string): Promise<boolean> {
  const draft = join(folder, ".adopted");
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  try {
    await copyFolder(from, draft);
    const database = join(draft, "main.db");
    if (!existsSync(database)) return false;
    // Checkpoints what a killed server has left, and switches to WAL, as a new database here has it.
    const opened = new DatabaseSync(database);
    opened.exec("PRAGMA journal_mode = WAL");
    opened.close();
    renameSync(database, join(folder, "main.db"));
    return true;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

async function copyFolder(from: string, to: string): Promise<void> {
  try {
    await run("docker", ["cp", `${containerName}:${from}/.`, to]);
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    // Docker's words for a missing folder: those of 20.10 and later, and of 18.03 (docker/cli#982).
    if (/could not find the file|no such container:path/i.test(error.reason)) return;
    throw new Problem(
      `the history of container ${containerName} cannot be copied: ${error.reason}\nIt is in the container as before`,
      "fix that, and run npm run setup again: it continues from there",
    );
  }
}
