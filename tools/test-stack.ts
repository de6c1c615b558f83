import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { Pulumi } from "../cli/lib/pulumi-cli.ts";
import { InngestApi, type Run } from "../lib/inngest/api.ts";
import type { Outputs } from "../lib/stack/outputs.ts";
import { settingsOf } from "./plan/settings.ts";
import { freePorts } from "./ports.ts";

export interface Change {
  op: string;
  /** `type::name` of the resource. */
  resource: string;
}

/** A stack of its own backend, data folder, name and ports, driven by the real Pulumi CLI. */
export class TestStack {
  readonly name: string;
  readonly port: number;
  readonly workerPort: number;
  /** Everything that the CLI has printed so far. */
  printed = "";
  readonly home: string;
  /** Variables of everything that is run for this stack. */
  readonly environment: NodeJS.ProcessEnv;
  readonly #pulumi: Pulumi;
  readonly #settingsFile: string;
  #settings: Record<string, string | number | boolean>;
  /** The settings that it was created with. */
  readonly #created: Readonly<Record<string, string | number | boolean>>;
  /** The settings file as it is since a secret or a command's own setting is in it. */
  #fixedSettings: string | undefined;
  /** Those of its state, which is the text of its file. */
  #outputs: { state: string; values: Outputs } | undefined;

  private constructor(
    name: string,
    home: string,
    firstPort: number,
    pulumi: Pulumi,
    environment: NodeJS.ProcessEnv,
    settings: Record<string, string>,
  ) {
    this.name = name;
    this.home = home;
    this.environment = environment;
    this.workerPort = firstPort;
    this.port = firstPort + 1;
    this.#pulumi = pulumi;
    this.#settingsFile = join(home, `Pulumi.${name}.yaml`);
    this.#settings = { port: this.port, workerPort: this.workerPort, ...settings };
    this.#created = { ...this.#settings };
  }

  /** Stacks beside others so far, which one project may have several of. */
  static #besides = 0;

  /**
   * Makes the stack, with nothing in it yet; `like` names the project's settings file that it starts from,
   * and `beside` a stack whose backend and folder it shares.
   */
  static async create(like: string, settings: Record<string, string> = {}, beside?: TestStack): Promise<TestStack> {
    const home = beside?.home ?? mkdtempSync(join(tmpdir(), "stack-"));
    const environment = {
      ...process.env,
      PULUMI_BACKEND_URL: `file://${home}`,
      PULUMI_CONFIG_PASSPHRASE: passphrase,
      // Without it the CLI knows no --event-log.
      PULUMI_DEBUG_COMMANDS: "true",
      XDG_DATA_HOME: join(home, "data"),
    };
    const pulumi = await Pulumi.find(environment);
    const name = `${like}-${process.pid}${beside ? `-${++TestStack.#besides}` : ""}`;
    const fromFile = settingsOf(readFileSync(`Pulumi.${like}.yaml`, "utf8")).values;
    const stack = new TestStack(name, home, await freePorts(), pulumi, environment, {
      ...fromFile,
      ...unsupervised,
      ...settings,
    });
    await pulumi.ensureStack(name);
    return stack;
  }

  get dataFolder(): string {
    return join(this.home, "data", "inngest-local", "stacks", this.name);
  }

  set(key: string, value: string | number | boolean): void {
    this.#settings[key] = value;
  }

  /** Takes back what {@link set} did. */
  unset(key: string): void {
    const created = this.#created[key];
    if (created === undefined) delete this.#settings[key];
    else this.#settings[key] = created;
  }

  /** Sets an encrypted setting, which then stays in this stack's file. */
  async setSecret(key: string, value: string): Promise<void> {
    this.writeSettings();
    const args = ["config", "set", "--secret", key, value, "--stack", this.name, "--config-file", this.#settingsFile];
    const { exitCode, output } = await this.#pulumi.capture(args);
    if (exitCode !== 0) throw new Error(output);
    this.keepSettings();
  }

  /** Leaves its settings file as it is now, after a command that wrote into it. */
  keepSettings(): void {
    this.#fixedSettings = this.settingsText();
  }

  /** `pulumi up`; throws with what it printed when it fails. */
  async up(...flags: string[]): Promise<void> {
    await this.#succeed("up", "--yes", "--skip-preview", ...this.#eventLog(), ...flags);
  }

  /** `pulumi up`, expected to fail; returns what it printed. */
  async failingUp(...flags: string[]): Promise<string> {
    const { exitCode, output } = await this.#run("up", "--yes", "--skip-preview", ...this.#eventLog(), ...flags);
    if (exitCode === 0) throw new Error(`pulumi up succeeded:\n${output}`);
    return output;
  }

  async refresh(): Promise<void> {
    await this.#succeed("refresh", "--yes", "--skip-preview");
  }

  async destroy(): Promise<void> {
    await this.#succeed("destroy", "--yes", "--skip-preview");
  }

  /** What the next `up` would do, resources that stay as they are left out. */
  async changes(): Promise<Change[]> {
    const { steps } = JSON.parse(await this.#succeed("preview", "--json")) as { steps: { op: string; urn: string }[] };
    return steps
      .filter(({ op }) => op !== "same" && op !== "read")
      .map(({ op, urn }) => ({ op, resource: urn.split("::").slice(2).join("::").split("$").at(-1) as string }));
  }

  /** The next `up` as `pulumi preview --json` tells it. */
  async plan(): Promise<string> {
    return await this.#succeed("preview", "--json", ...this.#eventLog());
  }

  /** `pulumi preview` as a person sees it. */
  async preview(...flags: string[]): Promise<{ exitCode: number; output: string }> {
    return await this.#run("preview", ...flags);
  }

  /** Asks the CLI, for which it needs a second of a core, once for each state. */
  async outputs(): Promise<Outputs> {
    const state = readFileSync(join(this.home, ".pulumi", "stacks", "inngest-local", `${this.name}.json`), "utf8");
    if (this.#outputs?.state !== state) {
      this.#outputs = { state, values: await this.#pulumi.outputs<Outputs>(this.name) };
    }
    return this.#outputs.values;
  }

  async exportedState(...flags: string[]): Promise<string> {
    const { exitCode, output } = await this.#pulumi.capture(["stack", "export", "--stack", this.name, ...flags]);
    if (exitCode !== 0) throw new Error(output);
    return output;
  }

  async api(): Promise<InngestApi> {
    const { apiUrl, signingKey } = await this.outputs();
    return new InngestApi(apiUrl, signingKey);
  }

  /** Sends an event and waits until each of `functions` has a run that is completed. */
  async completes(event: { name: string; data: Record<string, unknown> }, functions: string[]): Promise<Run[]> {
    const api = await this.api();
    const known = new Set((await api.runs(100)).map(({ id }) => id));
    await api.send((await this.outputs()).eventKey, event);
    // A step whose call met nobody is tried again after 15 to 45 s.
    return await eventually(90_000, async () => {
      const runs = (await api.runs(100)).filter(({ id }) => !known.has(id));
      const done = runs.filter(({ status }) => status === "COMPLETED").map(({ function: { id } }) => id);
      if (functions.every((id) => done.includes(id))) return runs;
      throw new Error(`runs so far: ${JSON.stringify(runs)}`);
    });
  }

  /** What its settings file says now, which a command may have written into. */
  settingsText(): string {
    return readFileSync(this.#settingsFile, "utf8");
  }

  /**
   * Starts one of the project's commands on this stack, in a process group of its own. Its folder is a project of links
   * to this one's parts, so that the settings file that it reads and writes is this stack's.
   */
  command(name: string, ...args: string[]) {
    return this.projectCommand(name, ...args, "--stack", this.name);
  }

  /** The same for a command that names its stacks otherwise; their settings files have to be there. */
  projectCommand(name: string, ...args: string[]) {
    this.linkProject();
    return execa(process.execPath, [resolve("cli", `${name}.ts`), ...args], {
      cwd: this.home,
      env: this.environment,
      extendEnv: false,
      reject: false,
      all: true,
      stdin: "ignore",
      detached: true,
    });
  }

  /** Makes the stack's folder a project of links to this one's parts. */
  linkProject(): void {
    linkProject(this.home);
  }

  /** Puts a changed export in the place of the stack's state. */
  async importState(text: string): Promise<void> {
    const file = join(this.home, "import.json");
    writeFileSync(file, text);
    const { exitCode, output } = await this.#pulumi.capture(["stack", "import", "--stack", this.name, "--file", file]);
    rmSync(file);
    if (exitCode !== 0) throw new Error(output);
  }

  #eventLog(): string[] {
    return ["--event-log", join(this.home, `${Date.now()}.events`)];
  }

  /** Destroys what is left and removes the folder; for `afterAll`. */
  async remove(): Promise<void> {
    const { exitCode, output } = await this.#run("destroy", "--yes", "--skip-preview");
    if (exitCode !== 0) throw new Error(output);
    rmSync(this.home, { recursive: true });
  }

  async #succeed(command: string, ...flags: string[]): Promise<string> {
    const { exitCode, stdout, output } = await this.#run(command, ...flags);
    if (exitCode !== 0) throw new Error(`pulumi ${command} failed:\n${output}`);
    return stdout;
  }

  writeSettings(): void {
    const lines = Object.entries(this.#settings).map(
      ([key, value]) => `  inngest-local:${key}: ${JSON.stringify(value)}`,
    );
    writeFileSync(this.#settingsFile, this.#fixedSettings ?? `config:\n${lines.join("\n")}\n`);
  }

  async #run(command: string, ...flags: string[]) {
    this.writeSettings();
    const fixed = ["--stack", this.name, "--non-interactive", "--config-file", this.#settingsFile];
    const result = await this.#pulumi.capture([command, ...fixed, ...flags]);
    this.printed += result.output;
    return result;
  }
}

/** Whatever the machine has: a test puts nothing into a person's launchd or systemd unless it is about that. */
const unsupervised = { supervisor: "none" };

/** Passphrase of every test stack, to be looked for where it must not be. */
export const passphrase = "correct horse battery staple";

/** What a folder needs of this project to run its program and commands, with settings files of its own. */
export const projectParts = [
  "Pulumi.yaml",
  "index.ts",
  "package.json",
  "cli",
  "components",
  "lib",
  "runtime",
  "scripts",
  "node_modules",
  "worker",
];

/** Makes a folder a project of links to this one's parts. */
export function linkProject(folder: string): void {
  for (const part of projectParts) {
    if (!existsSync(join(folder, part))) symlinkSync(resolve(part), join(folder, part));
  }
}

/** Tries until it does not throw; the last error when time is over. */
export async function eventually<T>(milliseconds: number, attempt: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    const began = Date.now();
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      // One that starts a process would take a core for itself, and what is waited for would wait for that.
      await new Promise((resolve) => setTimeout(resolve, Math.min(Math.max(20, 3 * (Date.now() - began)), 1000)));
    }
  }
}
