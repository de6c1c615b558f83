import { copyFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import type { Options } from "execa";
import { ownBackendUrl } from "../../lib/host/backend.ts";
import { compileCache } from "../../lib/host/paths.ts";
import { Problem } from "../../lib/problem.ts";
import type { RawConfig } from "../../lib/settings/reader.ts";
import { checkSettings, type Settings } from "../../lib/settings/settings.ts";
import { rawConfigOf, rawConfigOfCli } from "../../lib/settings/stack-file.ts";
import { execa } from "./execa.ts";
import { changeArgs, type EngineEnd, type EngineEvent, watchEngine } from "./progress/events.ts";
import type { Change } from "./progress/show-steps.ts";
import { fetchServer, findBinary, hasStateFile, ownBackend } from "./pulumi-backend.ts";

const project = "inngest-local";

/** Answer of `pulumi whoami --json`; a backend of files has no organizations. */
interface Whoami {
  user: string;
  url: string;
  organizations?: string[];
}

/**
 * Pulumi's CLI, on the user's own backend, or on local files where they have none. Not the Automation API: its SDK
 * takes long to load, and it cannot give a command the terminal.
 */
export class Pulumi {
  readonly #binary: string;
  readonly #environment: NodeJS.ProcessEnv;

  private constructor(binary: string, environment: NodeJS.ProcessEnv) {
    this.#binary = binary;
    this.#environment = environment;
  }

  /**
   * Finds the CLI, and fetches the pinned one on first use.
   *
   * @throws {Problem} when it cannot be fetched
   */
  static async find(environment: NodeJS.ProcessEnv = process.env): Promise<Pulumi> {
    const binary = await findBinary();
    const path = `${dirname(binary)}${delimiter}${environment.PATH}`;
    // Node keeps compiled modules there, the program's too: a fifth less for a preview.
    const cache = { NODE_COMPILE_CACHE: environment.NODE_COMPILE_CACHE ?? compileCache() };
    // CLI and plugins are short-lived Go programs: collecting garbage less often is faster, for 55 MB more.
    const collector = { GOGC: environment.GOGC ?? "400" };
    return new Pulumi(binary, { ...environment, ...cache, ...collector, ...ownBackend(environment), PATH: path });
  }

  /** Runs the CLI on this terminal. Resolves to its exit code. */
  async run(args: string[]): Promise<number> {
    const { exitCode } = await execa(this.#binary, args, { ...this.#options(), stdio: "inherit", reject: false });
    return exitCode ?? 1;
  }

  /** Runs the CLI with `input` on its standard input. `output` is both of its streams as they came. */
  async capture(args: string[], input = ""): Promise<{ exitCode: number; stdout: string; output: string }> {
    const result = await execa(this.#binary, args, { ...this.#options(), input, reject: false, all: true });
    return { exitCode: result.exitCode ?? 1, stdout: String(result.stdout), output: String(result.all) };
  }

  /** Whether the state is kept in files that this project has chosen, because the user is logged in to no backend. */
  get isOwnBackend(): boolean {
    return this.#environment.PULUMI_BACKEND_URL === ownBackendUrl();
  }

  /**
   * Creates the stack where it is missing.
   *
   * @param approve is called before, and throws to prevent it
   */
  async ensureStack(stack: string, approve?: () => Promise<void>): Promise<void> {
    if (hasStateFile(this.#environment, project, stack)) return;
    if ((await this.capture(["stack", "--show-name", "--stack", stack])).exitCode === 0) return;
    await approve?.();
    // `stack init` writes a salt into the settings file next to the project file. This one is thrown away, and every
    // later command takes the salt from the state.
    const scratch = mkdtempSync(join(tmpdir(), `${project}-`));
    try {
      writeFileSync(join(scratch, "Pulumi.yaml"), `name: ${project}\nruntime: nodejs\n`);
      const args = ["stack", "init", stack, "--no-select", "--non-interactive"];
      await execa(this.#binary, args, { ...this.#options(), cwd: scratch });
    } finally {
      rmSync(scratch, { recursive: true });
    }
  }

  /** Makes the stack the one that plain `pulumi` commands in this folder act on. */
  async select(stack: string): Promise<void> {
    await execa(this.#binary, ["stack", "select", stack], this.#options());
  }

  /**
   * Runs `up` or `destroy`, and shows its steps as they are done.
   *
   * @param isVerbose Show Pulumi's own output instead.
   * @throws {Problem} when a program that `up` needs cannot be fetched, and after Ctrl-C
   */
  async change(command: "up" | "destroy", stack: string, args: string[], isVerbose = false): Promise<Change> {
    if (command === "up") await fetchServer(await this.settings(stack));
    if (isVerbose) {
      const exitCode = await this.#withSettings(stack, (file) => this.run(changeArgs(command, stack, file, args)));
      return exitCode === 0 ? "done" : "failed";
    }
    const { showSteps } = await import("./progress/show-steps.ts");
    const { change, failed } = await showSteps(command, stack, (see) => this.#watch(command, stack, args, see));
    if (failed.length === 0) return change;
    const { printLogs } = await import("./progress/logs.ts");
    await printLogs(await this.settings(stack), failed);
    return change;
  }

  /** Runs `up` or `destroy`, and calls `see` with the engine's events. */
  async #watch(
    command: "up" | "destroy",
    stack: string,
    args: string[],
    see: (event: EngineEvent) => void,
    detached = false,
  ): Promise<EngineEnd> {
    return await this.#withSettings(stack, (file) =>
      watchEngine(this.#binary, changeArgs(command, stack, file, args), { env: this.#environment, detached }, see),
    );
  }

  /**
   * Runs `up` without output.
   *
   * @throws {Problem} with its diagnostics when it fails
   */
  async quietUp(stack: string, args: string[] = []): Promise<void> {
    await fetchServer(await this.settings(stack));
    const errors: string[] = [];
    const see = ({ diagnosticEvent: said }: EngineEvent) => {
      if (said?.severity === "error") errors.push(said.message.trim());
    };
    // In a process group of its own, which Ctrl-C does not reach: it brings back what a check has killed.
    const { exitCode, complaint } = await this.#watch("up", stack, args, see, true);
    if (exitCode === 0) return;
    throw new Problem(`pulumi up of stack ${stack} failed:\n${[...errors, complaint].join("\n").trim()}`);
  }

  /** Runs `action` on a copy of a stack's settings file, because Pulumi writes into the file that it is given. */
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

  /** The stack's outputs, with secrets in clear: never print them. */
  async outputs<T>(stack: string): Promise<T> {
    const args = ["stack", "output", "--stack", stack, "--json", "--show-secrets"];
    const { stdout } = await execa(this.#binary, args, this.#options());
    return JSON.parse(stdout as string) as T;
  }

  /** URL of the backend, and the CLI's version. */
  async about(): Promise<{ backend: string; version: string }> {
    const [{ url: backend }, version] = await Promise.all([this.whoami(), this.version()]);
    return { backend, version };
  }

  /**
   * The backend, and who the user is there.
   *
   * @throws {Problem} with what the CLI said, when the backend does not answer
   */
  async whoami(): Promise<Whoami> {
    const { exitCode, stdout, output } = await this.capture(["whoami", "--json"]);
    if (exitCode !== 0) throw new Problem(output.trim());
    return JSON.parse(stdout) as Whoami;
  }

  /** The CLI's version, such as `v3.259.0`. */
  async version(): Promise<string> {
    return (await this.capture(["version"])).stdout.trim();
  }

  /** One setting of the stack, decrypted: never print it. */
  async setting(stack: string, key: string): Promise<string | undefined> {
    const file = `Pulumi.${stack}.yaml`;
    const { exitCode, stdout } = await this.capture(["config", "get", key, "--stack", stack, "--config-file", file]);
    return exitCode === 0 ? stdout.trim() || undefined : undefined;
  }

  /**
   * The stack's settings, with defaults for what is not set or wrong, which `pulumi up` reports. Secrets stay
   * encrypted.
   */
  async settings(stack: string): Promise<Settings> {
    const file = `Pulumi.${stack}.yaml`;
    const raw = rawConfigOf(existsSync(file) ? readFileSync(file, "utf8") : "");
    return checkSettings(stack, raw ?? (await this.#rawSettings(stack))).settings;
  }

  /** The stack's settings as its file and the project's defaults have them, without the values of secrets. */
  async #rawSettings(stack: string): Promise<RawConfig> {
    const args = ["config", "--json", "--stack", stack, "--config-file", `Pulumi.${stack}.yaml`];
    const { stdout } = await execa(this.#binary, args, this.#options());
    const config = JSON.parse(stdout as string) as Record<string, { value?: string; secret?: boolean }>;
    return rawConfigOfCli(config, project);
  }

  /**
   * Writes settings, each by its path, into the stack's file, all or none; one that is `undefined` is removed. Values of
   * `secrets` are encrypted, and on no command line.
   *
   * @throws {Problem} with the CLI's output
   */
  async configure(
    stack: string,
    settings: Record<string, string | undefined>,
    secrets: Record<string, string> = {},
  ): Promise<void> {
    const file = `Pulumi.${stack}.yaml`;
    const draft = `.partial.${file}`;
    const config = async (args: string[], input?: string) => {
      const { exitCode, output } = await this.capture(
        ["config", ...args, "--stack", stack, "--config-file", draft],
        input,
      );
      if (exitCode !== 0) throw new Problem(`${file} could not be written: ${output}`);
    };
    const entries = Object.entries(settings);
    const gone = entries.flatMap(([key, value]) => (value === undefined ? [key] : []));
    const set = entries.flatMap(([key, value]) => (value === undefined ? [] : ["--plaintext", `${key}=${value}`]));
    rmSync(draft, { force: true });
    if (existsSync(file)) copyFileSync(file, draft);
    try {
      if (gone.length > 0) await config(["rm-all", "--path", ...gone]);
      if (set.length > 0) await config(["set-all", "--path", ...set]);
      for (const [key, value] of Object.entries(secrets)) await config(["set", "--secret", key], value);
      if (existsSync(draft)) renameSync(draft, file);
    } finally {
      rmSync(draft, { force: true });
    }
  }

  #options(): Options {
    return { env: this.#environment, extendEnv: false };
  }
}
