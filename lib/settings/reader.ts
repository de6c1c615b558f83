import { isAbsolute, join } from "node:path";
import { closest, distance } from "fastest-levenshtein";
import { Problem } from "../problem.ts";
import { type Choice, type KeyOf, type SettingKey, schema, settingKeys } from "./schema.ts";

/** Raw configuration as Pulumi has it. */
export interface RawConfig {
  /** Values by key without namespace. Values of encrypted keys are left out where they cannot be decrypted. */
  values: Record<string, string>;
  /** Keys whose values are encrypted in the stack's file. */
  encrypted: ReadonlySet<string>;
}

/** A value that must not be printed: as text and as JSON it is `[secret]`. */
export class Secret<T = string> {
  readonly #value: T | undefined;

  /** @param value `undefined` where it cannot be decrypted */
  constructor(value: T | undefined) {
    this.#value = value;
  }

  /** The value itself. @throws {Error} when it was not decrypted */
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
 * Reads settings, one method for each kind of value. Whatever is wrong with a value becomes one of `problems`, with key,
 * rule, value (never of a secret) and remedy; the method then returns the default, or nothing.
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

  /** The value as it is written, or its default. */
  text(key: SettingKey): string {
    return this.#raw.values[key] ?? schema[key].default;
  }

  /** The same; `undefined` for a setting that is not set. */
  optional(key: SettingKey): string | undefined {
    return this.text(key) || undefined;
  }

  /** Whether the value can be read: it is in clear, or was decrypted. */
  isReadable(key: SettingKey): boolean {
    return this.#raw.values[key] !== undefined || !this.#raw.encrypted.has(key);
  }

  set(key: SettingKey, example: string | number | boolean): string {
    return `pulumi config set ${key} ${example}`;
  }

  problem(what: string, remedy: string): void {
    this.problems.push(new Problem(what, remedy));
  }

  /** Notes that a value breaks a rule. */
  reject(key: SettingKey, rule: string, remedy: string): void {
    this.problem(`\`${key}\` must be ${rule}, got ${JSON.stringify(this.text(key))}`, remedy);
  }

  /** One of the setting's values. @param allowed fewer of them */
  choice<Key extends KeyOf<"choice">>(key: Key, allowed: readonly Choice<Key>[] = schema[key].of): Choice<Key> {
    return this.#oneOf(key, allowed);
  }

  flag(key: KeyOf<"flag">): boolean {
    return this.#oneOf(key, ["true", "false"]) === "true";
  }

  whole(key: KeyOf<"whole">): number {
    const { lowest, highest, default: usual } = schema[key];
    const number = wholeNumber(this.text(key), lowest, highest);
    if (number === undefined) this.reject(key, rangeRule(lowest, highest), this.set(key, usual));
    return number ?? Number(usual);
  }

  /** Number of days; `undefined` for `off`. */
  days(key: KeyOf<"days">): number | undefined {
    if (this.text(key) === "off") return undefined;
    const number = Number(/^(\d{1,5})d$/.exec(this.text(key))?.[1]);
    if (number >= 1) return number;
    this.reject(key, "a number of days such as 30d, or off", this.set(key, schema[key].default));
    return undefined;
  }

  path(key: KeyOf<"path">): string | undefined {
    const path = this.optional(key);
    if (path !== undefined && !isAbsolute(path)) {
      this.reject(key, "an absolute path", this.set(key, join(process.cwd(), path)));
    }
    return path;
  }

  image(key: KeyOf<"image">): string {
    const image = this.text(key);
    if (!/^\S+$/.test(image)) {
      this.reject(key, "an image reference such as name:tag", this.set(key, schema[key].default));
    }
    return image;
  }

  /** An object with its values as they are; `undefined` for anything else, about which the caller has the rule. */
  object(key: KeyOf<"object">): Record<string, unknown> | undefined {
    try {
      const value: unknown = JSON.parse(this.text(key));
      if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
    } catch {
      // No JSON, so no object.
    }
    return undefined;
  }

  /** @param problemOf says what is wrong with a value, or `undefined` */
  secret(key: KeyOf<"secret">, problemOf: (value: string) => string | undefined): Secret | undefined {
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

  #oneOf<T extends string>(key: SettingKey, allowed: readonly T[]): T {
    const found = allowed.find((value) => value === this.text(key));
    if (found === undefined) {
      this.reject(key, `one of ${allowed.join(", ")}`, this.set(key, closest(this.text(key), [...allowed])));
    }
    return found ?? (allowed[0] as T);
  }
}

/** Whether an object has no keys but `names`, with a text for each that it has. */
export function areTexts<Name extends string>(
  values: Record<string, unknown>,
  names: readonly Name[],
): values is { [Each in Name]?: string } {
  return Object.entries(values).every(
    ([name, value]) => names.some((each) => each === name) && typeof value === "string",
  );
}

/** The number that a text is, within a range that includes both ends; `undefined` for anything else. */
export function wholeNumber(text: string, lowest: number, highest: number): number | undefined {
  const number = Number(text);
  return /^\d+$/.test(text) && number >= lowest && number <= highest ? number : undefined;
}

/** The rule of {@link wholeNumber}, for errors. */
export function rangeRule(lowest: number, highest: number): string {
  return `a whole number from ${lowest} to ${highest}`;
}
