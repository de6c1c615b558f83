import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { readJson } from "../../lib/data/private-file.ts";
import { passphrase, type TestStack } from "../../tools/test-stack.ts";

/** Places where others may look, and what is to be seen there. */
export type Exposed = Record<string, string | Buffer>;

/** What a stack shows of itself, each place by its name; none of them may hold a secret. */
const collectors: Record<string, (stack: TestStack) => Promise<string | Buffer> | string | Buffer> = {
  state: (stack) => stack.exportedState(),
  "state files": ({ home }) => contents(filesBelow(join(home, ".pulumi"))),
  plan: async (stack) => await stack.plan(),
  "event log": ({ home }) => contents(filesBelow(home, 0).filter((file) => file.endsWith(".events"))),
  "output and errors": ({ printed }) => printed,
  arguments: everyCommandLine,
  "first environments": ({ dataFolder }) => environments(dataFolder),
  "unit files and plists": ({ name }) =>
    contents(definitionFolders.flatMap((folder) => filesBelow(folder, 0)).filter((file) => file.includes(name))),
  receipts: ({ dataFolder }) => contents(filesBelow(join(dataFolder, "run"))),
  "files open to others": ({ dataFolder }) =>
    contents(filesBelow(dataFolder).filter((file) => statSync(file).mode & 0o077)),
  "host logs": ({ dataFolder }) => contents(filesBelow(join(dataFolder, "logs"))),
  "container logs": ({ name }) =>
    containersOf(name)
      .map((id) => execFileSync("sh", ["-c", `docker logs ${id} 2>&1`]).toString("latin1"))
      .join("\n"),
  containers: ({ name }) =>
    containersOf(name)
      .map((id) => docker("inspect", id).toString())
      .join("\n"),
  images: ({ name }) => Buffer.concat(imagesOf(name).flatMap((image) => [history(image), save(image)])),
};

/** Everything that a stack shows. */
export async function exposed(stack: TestStack): Promise<Exposed> {
  const found: Exposed = {};
  for (const [place, collect] of Object.entries(collectors)) found[place] = await collect(stack);
  return found;
}

/** Every generated password and key of a stack, the passphrase of its state, and those of `given`. */
export async function secretsOf(stack: TestStack, given: Record<string, string> = {}): Promise<Record<string, string>> {
  const { deployment } = JSON.parse(await stack.exportedState("--show-secrets")) as {
    deployment: { resources: { urn: string; type: string; outputs?: { result?: { plaintext: string } } }[] };
  };
  const generated = deployment.resources
    .filter(({ type }) => type === "random:index/randomPassword:RandomPassword")
    .map(({ urn, outputs }) => [urn.split("::").at(-1), JSON.parse(outputs?.result?.plaintext as string)]);
  return { ...Object.fromEntries(generated), passphrase, ...given };
}

/** Which of `texts` hold which of `secrets`, in whatever form: `name of the text: name of the secret`. */
export function leaks(texts: Exposed, secrets: Record<string, string>): string[] {
  return Object.entries(texts).flatMap(([where, text]) =>
    Object.entries(secrets).flatMap(([secret, value]) =>
      formsOf(value).some((form) => text.includes(form)) ? [`${where}: ${secret}`] : [],
    ),
  );
}

/** A secret as it stands, as part of a URL or of JSON, and within Base64 at each of the three places it can begin. */
export function formsOf(secret: string): string[] {
  const inBase64 = [0, 1, 2].flatMap((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]);
    // Characters at both ends depend on the neighbours, too.
    const whole = (bytes.length - (bytes.length % 3)) / 3;
    return (["base64", "base64url"] as const).map((alphabet) =>
      bytes.toString(alphabet).slice(offset === 0 ? 0 : 4, whole * 4),
    );
  });
  return [...new Set([secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), ...inBase64])];
}

/** Every file in a folder, and by default below it. */
export function filesBelow(folder: string, depth = Number.POSITIVE_INFINITY): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: depth > 0, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Arguments of every process on this machine. */
export function everyCommandLine(): string {
  return pids()
    .map((pid) => readOr(`/proc/${pid}/cmdline`).replaceAll("\0", " "))
    .join("\n");
}

/** Initial environment of one process. */
export function initialEnvironment(pid: number): string {
  return readFileSync(`/proc/${pid}/environ`, "utf8");
}

/** Where launchd and systemd find what they start. */
const definitionFolders = [
  join(homedir(), ".config", "systemd", "user"),
  "/etc/systemd/system",
  join(homedir(), "Library", "LaunchAgents"),
  "/Library/LaunchDaemons",
];

/** Of the processes that the stack's receipts name, and of every process that shows its own to others. */
function environments(dataFolder: string): string {
  const own = filesBelow(join(dataFolder, "run")).map((file) => readJson<{ pid?: number }>(file)?.pid);
  const open = pids().filter((pid) => modeOr(`/proc/${pid}/environ`) & 0o077);
  return [...own, ...open].map((pid) => readOr(`/proc/${pid}/environ`)).join("\n");
}

function containersOf(stack: string): string[] {
  return lines("ps", "--all", "--quiet", "--filter", `label=inngest-local.stack=${stack}`);
}

/** Images that were built for a stack. */
function imagesOf(stack: string): string[] {
  return lines("image", "ls", "--quiet", "--no-trunc", `inngest-${stack}-*`);
}

function history(image: string): Buffer {
  return docker("history", "--no-trunc", "--format", "{{.CreatedBy}} {{.Comment}}", image);
}

function save(image: string): Buffer {
  return docker("save", image);
}

function lines(...args: string[]): string[] {
  return hasDocker()
    ? docker(...args)
        .toString()
        .split("\n")
        .filter(Boolean)
    : [];
}

function docker(...args: string[]): Buffer {
  return execFileSync("docker", args, { maxBuffer: 2 ** 31 - 1 });
}

function hasDocker(): boolean {
  try {
    execFileSync("docker", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function contents(files: string[]): Buffer {
  return Buffer.concat(files.map((file) => readFileSync(file)));
}

function pids(): string[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
}

function modeOr(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
}

function readOr(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
