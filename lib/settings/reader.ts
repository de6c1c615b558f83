import { isAbsolute, join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { closest, distance } from "fastest-levenshtein";

/** Raw configuration as Pulumi hands it over: values by key without namespace. */
export interface RawConfig {
  values: Record<string, string>;
  /** Keys whose values are encrypted in the stack's file. */
  encrypted: ReadonlySet<string>;
}

/**
 * Readers of settings, one for each kind of value. What is wrong with a value becomes one of `problems`: key, rule, value
 * (never of a secret), remedy; the reader returns the default then, or nothing.
 */
export function valuesOf<Key extends string>(raw: RawConfig, defaults: Readonly<Record<Key, string>>) {
  const problems: string[] = [];
  const text = (key: Key): string => raw.values[key] ?? defaults[key];
  const optional = (key: Key): string | undefined => text(key) || undefined;
  const set = (key: Key, example: string | number | boolean) => `pulumi config set ${key} ${example}`;
  const reject = (key: Key, rule: string, remedy: string) => {
    problems.push(`\`${key}\` must be ${rule}, got ${JSON.stringify(text(key))}. Remedy: ${remedy}`);
  };

  const choice = <const T extends string>(key: Key, allowed: readonly T[]): T => {
    const found = allowed.find((value) => value === text(key));
    if (found === undefined) {
      reject(key, `one of ${allowed.join(", ")}`, set(key, closest(text(key), [...allowed])));
    }
    return found ?? (allowed[0] as T);
  };
  const flag = (key: Key): boolean => choice(key, ["true", "false"]) === "true";
  const whole = (key: Key, lowest: number, highest: number): number => {
    const value = text(key);
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= lowest && number <= highest) return number;
    reject(key, `a whole number from ${lowest} to ${highest}`, set(key, defaults[key]));
    return Number(defaults[key]);
  };
  const days = (key: Key): number | undefined => {
    if (text(key) === "off") return undefined;
    const number = Number(/^(\d{1,5})d$/.exec(text(key))?.[1]);
    if (number >= 1) return number;
    reject(key, "a number of days such as 30d, or off", set(key, defaults[key]));
    return undefined;
  };
  const absolutePath = (key: Key): string | undefined => {
    const path = optional(key);
    if (path !== undefined && !isAbsolute(path)) reject(key, "an absolute path", set(key, join(process.cwd(), path)));
    return path;
  };
  const secret = (key: Key, problemOf: (value: string) => string | undefined) => {
    const value = text(key);
    const how = `pulumi config set --secret ${key}`;
    if (value !== "" && !raw.encrypted.has(key)) {
      problems.push(`\`${key}\` must be encrypted, and it stands in clear in the stack's file. Remedy: ${how}`);
      return undefined;
    }
    if (!raw.encrypted.has(key)) return undefined;
    const problem = problemOf(value);
    if (problem) problems.push(`\`${key}\` ${problem}. Remedy: ${how}, or pulumi config rm ${key}`);
    return pulumi.secret(value);
  };

  for (const key of Object.keys(raw.values)) {
    if (Object.hasOwn(defaults, key)) continue;
    const nearest = closest(key, Object.keys(defaults));
    const hint = distance(key, nearest) <= 3 ? `did you mean \`${nearest}\`? ` : "";
    problems.push(`\`${key}\` is not a setting. Remedy: ${hint}pulumi config rm ${key}; README.md lists the settings`);
  }

  return { problems, text, optional, set, reject, choice, flag, whole, days, absolutePath, secret };
}
