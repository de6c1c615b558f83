import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { homedir, tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Options } from "execa";
import { compileCache, passphraseFile, stateFolder } from "../../lib/host/paths.ts";
import { onPath } from "../../lib/host/programs.ts";
import { writePrivateFile } from "../../lib/host/records.ts";
import { atLeast } from "../../lib/host/versions.ts";
import { Problem } from "../../lib/problem.ts";
import type { RawConfig } from "../../lib/settings/reader.ts";
import { checkSettings, type Settings } from "../../lib/settings/settings.ts";
import { rawConfigOf } from "../../lib/settings/stack-file.ts";
import { execa } from "./execa.ts";

const require = createRequire(import.meta.url);
const project = "inngest-local";

/** Pulumi's CLI, run as a person would run it: on their backend, or on local files where they have none. */
export class Pulumi {
  readonly #binary: string;
  readonly #environment: NodeJS.ProcessEnv;

  private constructor(binary: string, environment: NodeJS.ProcessEnv) {
    this.#binary = binary;
    this.#environment = environment;
  }

  /** Finds the CLI, fetching the pinned one on first use. Throws {@link Problem} when there is none. */
  static async find(environment: NodeJS.ProcessEnv = process.env): Promise<Pulumi> {
    const binary = await findBinary();
    const path = `${dirname(binary)}${delimiter}${environment.PATH}`;
    // Node keeps compiled modules there, the program's included: a fifth less for a preview (measured on Node 24).
    const cache = { NODE_COMPILE_CACHE: environment.NODE_COMPILE_CACHE ?? compileCache() };
    // CLI and plugins are Go and live for seconds: collected a fifth as often they take 4 % less time for a preview, and
    // 55 MB more, together (measured on 3.259.0).
    const collector = { GOGC: environment.GOGC ?? "400" };
    return new Pulumi(binary, { ...environment, ...cache, ...collector, ...ownBackend(environment), PATH: path });
  }

  /** Runs the CLI on this terminal, with more variables. Resolves to its exit code. */
  async run(args: string[], variables: NodeJS.ProcessEnv = {}): Promise<number> {
    const env = { ...this.#environment, ...variables };
    const { exitCode } = await execa(this.#binary, args, { ...this.#options(), env, stdio: "inherit", reject: false });
    return exitCode ?? 1;
  }

  /** Runs the CLI, with `input` on its standard input, and keeps what it says; `output` is both streams as they came. */
  async capture(args: string[], input = ""): Promise<{ exitCode: number; stdout: string; output: string }> {
    const result = await execa(this.#binary, args, { ...this.#options(), input, reject: false, all: true });
    return { exitCode: result.exitCode ?? 1, stdout: String(result.stdout), output: String(result.all) };
  }

  /** Creates the stack where it is missing, and makes it the current one. */
  async selectOrCreate(stack: string): Promise<void> {
    const isThere = this.#hasFileOf(stack);
    const select = ["stack", "select", stack];
    // Nothing here waits for it to be the current one: every call names its stack. All its threads give way to the others.
    if (isThere) {
      execa("nice", ["-n", "19", this.#binary, ...select], { ...this.#options(), reject: false });
      return;
    }
    if ((await execa(this.#binary, select, { ...this.#options(), reject: false })).exitCode === 0) return;
    // `stack init` writes a salt into the settings file beside the project file it sees; this one is thrown away, and
    // every later command takes the salt from the state.
    const scratch = mkdtempSync(join(tmpdir(), `${project}-`));
    try {
      writeFileSync(join(scratch, "Pulumi.yaml"), `name: ${project}\nruntime: nodejs\n`);
      await execa(this.#binary, ["stack", "init", stack, "--non-interactive"], { ...this.#options(), cwd: scratch });
    } finally {
      rmSync(scratch, { recursive: true });
    }
    await execa(this.#binary, select, this.#options());
  }

  /**
   * Whether a backend of files has the stack; only the CLI knows that of any other backend. Takes away what a CLI that was
   * killed has left empty beside the state: the next one would read no state for it ("failed to load checkpoint: EOF",
   * 3.259.0), and does without.
   */
  #hasFileOf(stack: string): boolean {
    const { PULUMI_BACKEND_URL: backend = "" } = this.#environment;
    if (!backend.startsWith("file:///")) return false;
    const file = join(fileURLToPath(backend), ".pulumi", "stacks", project, `${stack}.json`);
    const attributes = `${file}.attrs`;
    if (statSync(attributes, { throwIfNoEntry: false })?.size === 0) rmSync(attributes, { force: true });
    return existsSync(file);
  }

  /** `up` or `destroy` on this terminal, with more variables. Resolves to the exit code. */
  async change(
    command: "up" | "destroy",
    stack: string,
    args: string[],
    variables?: NodeJS.ProcessEnv,
  ): Promise<number> {
    const quiet = process.stdout.isTTY ? [] : ["--suppress-progress"];
    return await this.#withSettings(stack, (file) =>
      this.run(
        [
          ...[command, "--yes", "--skip-preview", "--suppress-permalink=true", "--stack", stack, "--config-file", file],
          ...quiet,
          ...args,
        ],
        variables,
      ),
    );
  }

  /** `up` that says nothing of what it does. Throws {@link Problem} with its diagnostics when it fails. */
  async quietUp(stack: string, args: string[] = []): Promise<void> {
    const always = ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", stack];
    const { exitCode, output } = await this.#withSettings(stack, (file) =>
      this.capture([...always, "--config-file", file, ...args]),
    );
    if (exitCode === 0) return;
    const said = /^Diagnostics:\n(.*?)\n\n(Outputs|Resources):/ms.exec(output)?.[1] ?? output;
    throw new Problem(`pulumi up of stack ${stack} failed:\n${said}`);
  }

  /** What the next `up` would do, as the CLI words it. */
  async preview(stack: string): Promise<string> {
    return await this.#withSettings(stack, async (file) => {
      const { exitCode, output } = await this.capture([
        "preview",
        "--stack",
        stack,
        "--config-file",
        file,
        "--non-interactive",
      ]);
      if (exitCode !== 0) throw new Problem(output);
      return output;
    });
  }

  /** Runs `action` with a copy of a stack's settings, because Pulumi writes into the file that it is given. */
  async #withSettings<T>(stack: string, action: (file: string) => Promise<T>): Promise<T> {
    const scratch = mkdtempSync(join(tmpdir(), `${project}-`));
    const copy = join(scratch, `Pulumi.${stack}.yaml`);
    try {
      if (existsSync(`Pulumi.${stack}.yaml`)) copyFileSync(`Pulumi.${stack}.yaml`, copy);
      return await action(copy);
    } finally {
      rmSync(scratch, { recursive: true });
    }
  }

  /** The stack's outputs, secrets in clear: not to be printed. */
  async outputs<T>(stack: string): Promise<T> {
    const args = ["stack", "output", "--stack", stack, "--json", "--show-secrets"];
    const { stdout } = await execa(this.#binary, args, this.#options());
    return JSON.parse(stdout as string) as T;
  }

  /** Where state is kept, and the CLI's version. */
  async about(): Promise<{ backend: string; version: string }> {
    const [whoami, version] = await Promise.all([this.capture(["whoami", "--json"]), this.version()]);
    if (whoami.exitCode !== 0) throw new Problem(whoami.output.trim());
    return { backend: (JSON.parse(whoami.stdout) as { url: string }).url, version };
  }

  /** The CLI's version, such as `v3.259.0`. */
  async version(): Promise<string> {
    return (await this.capture(["version"])).stdout.trim();
  }

  /** One of the stack's settings, in clear even when it is encrypted: not to be printed. */
  async setting(stack: string, key: string): Promise<string | undefined> {
    const file = `Pulumi.${stack}.yaml`;
    const { exitCode, stdout } = await this.capture(["config", "get", key, "--stack", stack, "--config-file", file]);
    return exitCode === 0 ? stdout.trim() || undefined : undefined;
  }

  /**
   * The stack's settings, defaults included; secrets are not decrypted. A wrong value is replaced by its default: that is
   * for `pulumi up` to refuse.
   */
  async settings(stack: string): Promise<Settings> {
    const file = `Pulumi.${stack}.yaml`;
    const raw = rawConfigOf(existsSync(file) ? readFileSync(file, "utf8") : "");
    return checkSettings(stack, raw ?? (await this.rawSettings(stack))).settings;
  }

  /** The stack's settings as its file and the project's defaults have them; values of secrets are left out. */
  async rawSettings(stack: string): Promise<RawConfig> {
    const file = `Pulumi.${stack}.yaml`;
    const args = ["config", "--json", "--stack", stack, "--config-file", file];
    const { stdout } = await execa(this.#binary, args, this.#options());
    const config = JSON.parse(stdout as string) as Record<string, { value?: string; secret?: boolean }>;
    const entries = Object.entries(config).map(([key, entry]) => [key.replace(`${project}:`, ""), entry] as const);
    return {
      values: Object.fromEntries(entries.flatMap(([key, { value, secret }]) => (secret ? [] : [[key, value ?? ""]]))),
      encrypted: new Set(entries.flatMap(([key, { secret }]) => (secret ? [key] : []))),
    };
  }

  /** Writes settings, each by its path, into the stack's file, all or none; one that is `undefined` is removed before. */
  async configure(stack: string, settings: Record<string, string | undefined>): Promise<void> {
    const of = ["--stack", stack, "--config-file", `Pulumi.${stack}.yaml`];
    const entries = Object.entries(settings);
    const gone = entries.filter(([, value]) => value === undefined).map(([key]) => key);
    const set = entries.filter(([, value]) => value !== undefined).map(([key, value]) => `${key}=${value}`);
    if (gone.length > 0) await execa(this.#binary, ["config", "rm-all", "--path", ...gone, ...of], this.#options());
    if (set.length === 0) return;
    const plain = set.flatMap((pair) => ["--plaintext", pair]);
    await execa(this.#binary, ["config", "set-all", "--path", ...plain, ...of], this.#options());
  }

  /** Writes a setting into the stack's file, encrypted; its value is on no command line. */
  async configureSecret(stack: string, key: string, value: string): Promise<void> {
    const of = ["--stack", stack, "--config-file", `Pulumi.${stack}.yaml`];
    const { exitCode, output } = await this.capture(["config", "set", "--secret", key, ...of], value);
    if (exitCode !== 0) throw new Problem(output);
  }

  #options(): Options {
    return { env: this.#environment, extendEnv: false };
  }
}

/** The npm package `pulumi` fetches the CLI it is named after; where that fails, one on PATH that is not older. */
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

/** Variables that give a person without a Pulumi backend one of their own, in files of their own. */
export function ownBackend(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own: NodeJS.ProcessEnv = { PULUMI_SKIP_UPDATE_CHECK: "true", PULUMI_SUPPRESS_NEO_LINK: "true" };
  if (!isLoggedIn(environment)) {
    mkdirSync(stateFolder(), { recursive: true, mode: 0o700 });
    own.PULUMI_BACKEND_URL = pathToFileURL(stateFolder()).href;
  }
  if (environment.PULUMI_CONFIG_PASSPHRASE === undefined && !environment.PULUMI_CONFIG_PASSPHRASE_FILE) {
    if (!existsSync(passphraseFile())) writePrivateFile(passphraseFile(), `${randomBytes(32).toString("hex")}\n`);
    own.PULUMI_CONFIG_PASSPHRASE_FILE = passphraseFile();
  }
  return own;
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
