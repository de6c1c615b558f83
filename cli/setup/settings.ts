import { copyFileSync, existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { Problem } from "../../lib/problem.ts";
import type { Pulumi } from "../lib/pulumi-cli.ts";

/** A setting that is to be another: its path (`workerEnv.WORK`), and the values before and after. */
export interface SettingChange {
  path: string;
  before: string | undefined;
  /** `undefined` takes it out of the file. */
  after: string | undefined;
}

/** A stack's settings file, read and changed by Pulumi's own CLI. */
export class SettingsFile {
  readonly path: string;
  readonly #pulumi: Pulumi;
  readonly #stack: string;

  constructor(pulumi: Pulumi, stack: string) {
    this.path = `Pulumi.${stack}.yaml`;
    this.#pulumi = pulumi;
    this.#stack = stack;
  }

  get exists(): boolean {
    return existsSync(this.path);
  }

  /** A setting as the file has it, without defaults. Secrets come in clear: not to be printed. */
  async get(path: string): Promise<string | undefined> {
    if (!this.#mentions(path)) return undefined;
    const { exitCode, stdout } = await this.#config(this.path, ["get", "--path", path]);
    return exitCode === 0 ? stdout : undefined;
  }

  /** Those of the wanted settings that are not as wanted. */
  async changes(wanted: Record<string, string | undefined>): Promise<SettingChange[]> {
    const changes: SettingChange[] = [];
    for (const [path, after] of Object.entries(wanted)) {
      const before = await this.get(path);
      if (before !== after) changes.push({ path, before, after });
    }
    return changes;
  }

  /**
   * Makes all changes in one move, so that the file never has some of them alone. Secrets go by standard input.
   * Throws {@link Problem} with what Pulumi said.
   */
  async apply(changes: SettingChange[], secrets: Record<string, string>): Promise<void> {
    if (changes.length === 0 && Object.keys(secrets).length === 0) return;
    const draft = `.partial.${this.path}`;
    rmSync(draft, { force: true });
    if (this.exists) copyFileSync(this.path, draft);
    for (const { path, after } of changes) {
      const args = after === undefined ? ["rm", "--path", path] : ["set", "--path", path, after];
      await this.#succeed(draft, args);
    }
    for (const [key, value] of Object.entries(secrets)) await this.#succeed(draft, ["set", "--secret", key], value);
    renameSync(draft, this.path);
  }

  /** Whether the file has the setting: Pulumi's CLI would answer with the project's default. */
  #mentions(path: string): boolean {
    const [key] = path.split(".");
    return this.exists && new RegExp(`^ +inngest-local:${key}:`, "m").test(readFileSync(this.path, "utf8"));
  }

  async #succeed(file: string, args: string[], input?: string): Promise<void> {
    const { exitCode, output } = await this.#config(file, args, input);
    if (exitCode !== 0) throw new Problem(`${this.path} could not be written: ${output}`);
  }

  #config(file: string, args: string[], input?: string) {
    return this.#pulumi.capture(["config", ...args, "--stack", this.#stack, "--config-file", file], input);
  }
}
