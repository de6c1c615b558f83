import { isAbsolute, join } from "node:path";
import { closest, distance } from "fastest-levenshtein";
import { Problem } from "../problem.ts";
import { type SettingKey, schema, settingKeys } from "./schema.ts";

/** Raw configuration as Pulumi has it. */
export interface RawConfig {
  /** Values by key without namespace. Whoever may not decrypt leaves out the values of encrypted keys. */
  values: Record<string, string>;
  /** Keys whose values are encrypted in the stack's file. */
  encrypted: ReadonlySet<string>;
}

/** A value that must not be printed: as text and as JSON it is `[secret]`. */
export class Secret<T = string> {
  readonly #value: T | undefined;

  /** `value` is `undefined` for whoever may not decrypt. */
  constructor(value: T | undefined) {
    this.#value = value;
  }

  /** The value itself. @throws {Error} where it was not decrypted */
  reveal(): T {
    if (this.#value === undefined) throw new Error("the value of this setting was not decrypted");
    return this.#value;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }
}

/**
 * Reads settings, one method for each kind of value. What is wrong with a value becomes one of `problems`: key, rule,
 * value (never of a secret), remedy; the method then returns the default, or nothing.
 */
export class SettingsReader {
  readonly problems: Problem[] = [];
  readonly #raw: RawConfig;

  constructor(raw: RawConfig) {
    this.#raw = raw;
    for (const key of Object.keys(raw.values)) {
      if (Object.hasOwn(schema, key)) continue;
      const nearest = closest(key, settingKeys);
      const hint = distance(key, nearest) <= 3 ? `did you mean \`${nearest}\`? ` : "";
      this.problem(`\`${key}\` is not a setting`, `${hint}pulumi config rm ${key}; README.md lists the settings`);
    }
  }

  /** The value, or its default. */
  text(key: SettingKey): string {
    return this.#raw.values[key] ?? schema[key].default;
  }

  optional(key: SettingKey): string | undefined {
    return this.text(key) || undefined;
  }

  /** Whether the value can be read: it is in clear, or was decrypted. */
  known(key: SettingKey): boolean {
    return this.#raw.values[key] !== undefined || !this.#raw.encrypted.has(key);
  }

  /** The command that sets a key. */
  set(key: SettingKey, example: string | number | boolean): string {
    return `pulumi config set ${key} ${example}`;
  }

  problem(what: string, remedy: string): void {
    this.problems.push(new Problem(what, remedy));
  }

  reject(key: SettingKey, rule: string, remedy: string): void {
    this.problem(`\`${key}\` must be ${rule}, got ${JSON.stringify(this.text(key))}`, remedy);
  }

  choice<const T extends string>(key: SettingKey, allowed: readonly T[]): T {
    const found = allowed.find((value) => value === this.text(key));
    if (found === undefined) {
      this.reject(key, `one of ${allowed.join(", ")}`, this.set(key, closest(this.text(key), [...allowed])));
    }
    return found ?? (allowed[0] as T);
  }

  flag(key: SettingKey): boolean {
    return this.choice(key, ["true", "false"]) === "true";
  }

  whole(key: SettingKey, lowest: number, highest: number): number {
    const value = this.text(key);
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= lowest && number <= highest) return number;
    this.reject(key, `a whole number from ${lowest} to ${highest}`, this.set(key, schema[key].default));
    return Number(schema[key].default);
  }

  /** Days of `30d`; `undefined` for `off`. */
  days(key: SettingKey): number | undefined {
    if (this.text(key) === "off") return undefined;
    const number = Number(/^(\d{1,5})d$/.exec(this.text(key))?.[1]);
    if (number >= 1) return number;
    this.reject(key, "a number of days such as 30d, or off", this.set(key, schema[key].default));
    return undefined;
  }

  absolutePath(key: SettingKey): string | undefined {
    const path = this.optional(key);
    if (path !== undefined && !isAbsolute(path)) {
      this.reject(key, "an absolute path", this.set(key, join(process.cwd(), path)));
    }
    return path;
  }

  /** `problemOf` says what is wrong with a value, or `undefined`. */
  secret(key: SettingKey, problemOf: (value: string) => string | undefined): Secret | undefined {
    const how = `pulumi config set --secret ${key}`;
    if (!this.#raw.encrypted.has(key)) {
      if (this.text(key) !== "") {
        this.problem(`\`${key}\` must be encrypted, and it stands in clear in the stack's file`, how);
      }
      return undefined;
    }
    const value = this.#raw.values[key];
    const problem = value === undefined ? undefined : problemOf(value);
    if (problem) this.problem(`\`${key}\` ${problem}`, `${how}, or pulumi config rm ${key}`);
    return new Secret(value);
  }
}
