import { copyFileSync, existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { Problem } from "../../lib/problem.ts";
import type { Pulumi } from "../lib/pulumi-cli.ts";

/** A change of a setting. */
export interface SettingChange {
  /** Such as `workerEnv.WORK`. */
  path: string;
  before: string | undefined;
  /** `undefined` removes it from the file. */
  after: string | undefined;
}

/** A stack's settings file, read and changed through Pulumi's CLI. */
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

  /** A setting in the file, without defaults. A secret is in clear text: do not print it. */
  async get(path: string): Promise<string | undefined> {
    if (!this.#mentions(path)) return undefined;
    const { exitCode, stdout } = await this.#config(this.path, ["get", "--path", path]);
    return exitCode === 0 ? stdout : undefined;
  }

  /** What differs from the wanted settings. */
  async changes(wanted: Record<string, string | undefined>): Promise<SettingChange[]> {
    const changes: SettingChange[] = [];
    for (const [path, after] of Object.entries(wanted)) {
      const before = await this.get(path);
      if (before !== after) changes.push({ path, before, after });
    }
    return changes;
  }

  /**
   * Makes all changes at once, so that the file never has only some of them. Secrets are passed by standard input.
   *
   * @throws {Problem} with Pulumi's output
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

  /** Whether the file has the setting. Pulumi's CLI would return the default of the project otherwise. */
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
