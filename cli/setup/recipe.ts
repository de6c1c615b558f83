/**
 * The usual recipe by hand: `docker run --name inngest …` with its keys in `.env.inngest`. What of it can be taken over.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join, posix } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { execa } from "execa";
import { onPath } from "../../lib/host/programs.ts";
import { Problem } from "../../lib/problem.ts";
import { eventKeyProblem, signingKeyProblem } from "../../lib/settings/keys.ts";
import { stackLabel } from "../../lib/stack/docker-names.ts";

export interface Recipe {
  /** Where the keys were found, for people. */
  source: string;
  keys: { signingKey?: string; eventKey?: string };
  /** Keys that cannot be used, and why; never their values. */
  unusable: string[];
  container?: OldContainer;
}

export interface OldContainer {
  running: boolean;
  image: string;
  /** Folder of its database. */
  folder: string;
  /** Ports of this machine that it has. */
  ports: number[];
}

const containerName = "inngest";
const keyFile = ".env.inngest";

/** What the recipe has left on this machine; `folders` are searched for its key file. */
export async function findRecipe(folders: string[]): Promise<Recipe | undefined> {
  const found = await inspect();
  const file = [...folders, homedir()].map((folder) => join(folder, keyFile)).find(existsSync);
  if (!found && !file) return undefined;
  // What runs is right; the file may have lines of several tries, of which a shell takes the last.
  const variables = { ...(file ? parseKeyFile(readFileSync(file, "utf8")) : {}), ...found?.variables };
  const source = [found && `container ${containerName}`, file].filter(Boolean).join(" and ");
  return { source, ...usableKeys(variables), ...(found && { container: found.container }) };
}

export function parseKeyFile(text: string): Record<string, string> {
  const lines = text.matchAll(/^\s*(?:export\s+)?(\w+)=(["']?)(.*?)\2\s*$/gm);
  return Object.fromEntries([...lines].map(([, name, , value]) => [name, value]));
}

/** The server takes no prefix (see key-shape.ts); a worker that still has the key with one signs the same. */
export function usableKeys(variables: Record<string, string>): Pick<Recipe, "keys" | "unusable"> {
  const { INNGEST_SIGNING_KEY, INNGEST_EVENT_KEY } = variables;
  const candidates = {
    signingKey: INNGEST_SIGNING_KEY?.replace(/^signkey-\w+-/, ""),
    // The server takes several; events go in with the first.
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

async function inspect(): Promise<{ container: OldContainer; variables: Record<string, string> } | undefined> {
  if (!onPath("docker")) return undefined;
  const { exitCode, stdout } = await execa({ reject: false })`docker container inspect ${containerName}`;
  if (exitCode !== 0) return undefined;
  const [description] = JSON.parse(stdout) as [
    {
      Config: { Env: string[] | null; Labels: Record<string, string> | null; Image: string; WorkingDir: string };
      State: { Running: boolean };
      HostConfig: { PortBindings: Record<string, { HostPort: string }[] | null> | null };
    },
  ];
  const { Config, State, HostConfig } = description;
  const variables = parseKeyFile((Config.Env ?? []).join("\n"));
  if (Config.Labels?.[stackLabel] || !Config.Image.includes("inngest")) return undefined;
  const ports = Object.values(HostConfig.PortBindings ?? {}).flatMap((bindings) => bindings ?? []);
  return {
    variables,
    container: {
      running: State.Running,
      image: Config.Image,
      // Measured on 1.43.0: a volume at /var/lib/inngest, as the recipe has it, stays empty.
      folder: posix.resolve(Config.WorkingDir || "/", variables.INNGEST_SQLITE_DIR ?? ".inngest"),
      ports: ports.map(({ HostPort }) => Number(HostPort)),
    },
  };
}

/** Stops the container; it stays as it was, and `docker start inngest` brings it back. */
export async function stopContainer(): Promise<void> {
  await execa`docker stop --time 30 ${containerName}`;
}

/** Whether a server's folder has a history already, which then stays. */
export function hasHistory(folder: string): boolean {
  return existsSync(join(folder, "main.db"));
}

/**
 * Copies a stopped container's history into a server's folder, in one move; says whether there was one. Its runs in
 * flight were in its memory alone. Throws {@link Problem} when Docker cannot copy it.
 */
export async function copyHistory({ folder: from }: OldContainer, folder: string): Promise<boolean> {
  const draft = join(folder, ".adopted");
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  try {
    const { exitCode, stderr } = await execa({ reject: false })`docker cp ${containerName}:${from}/. ${draft}`;
    // What Docker says of a folder that is not there: 20.10 (measured), and 18.03 (docker/cli#982).
    if (exitCode !== 0 && !/could not find the file|no such container:path/i.test(stderr)) {
      throw new Problem(
        `the history of container ${containerName} cannot be copied: ${stderr.trim()}\n` +
          "It is in the container as before",
        "mend that, and npm run setup again, it goes on from there",
      );
    }
    const database = join(draft, "main.db");
    if (!existsSync(database)) return false;
    // In WAL mode, as a new database here is (see wal-database.ts); what a killed server has left behind is worked off.
    const opened = new DatabaseSync(database);
    opened.exec("PRAGMA journal_mode = WAL");
    opened.close();
    renameSync(database, join(folder, "main.db"));
    return true;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
