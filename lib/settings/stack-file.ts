import { parse, parseDocument } from "yaml";
import type { RawConfig } from "./reader.ts";

const prefix = "inngest-local:";

/** A value of a stack's file; an encrypted one is `{ secure: CIPHERTEXT }`, anywhere in it. */
export type FileValue = unknown;

/** The settings in the text of a Pulumi.STACK.yaml, by key without namespace. */
export function fileSettings(text: string): Record<string, FileValue> {
  // The parser that Pulumi itself reads these files with is of the same YAML 1.2.
  const { config } = (parse(text) ?? {}) as { config?: Record<string, FileValue> };
  const own = Object.entries(config ?? {}).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value]));
}

/** The text of a Pulumi.STACK.yaml with another value of a setting; its comments stay. */
export function withSetting(text: string, key: string, value: FileValue): string {
  const document = parseDocument(text);
  document.setIn(["config", prefix + key], value);
  return document.toString({ lineWidth: 0 });
}

/** A value as the program gets it: objects are JSON. */
export function settingText(value: FileValue): string {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

/** The ciphertext of an encrypted value; `undefined` for a value in clear. */
export function ciphertextOf(value: FileValue): string | undefined {
  if (typeof value !== "object" || value === null || Object.keys(value).length !== 1) return undefined;
  const { secure } = value as { secure?: FileValue };
  return typeof secure === "string" ? secure : undefined;
}

/**
 * The raw configuration of a stack's file, without the values of encrypted settings; `undefined` where a part of it comes
 * from a Pulumi environment, which only the CLI can ask for.
 */
export function rawConfigOf(text: string): RawConfig | undefined {
  if (/^environment:/m.test(text)) return undefined;
  const entries = Object.entries(fileSettings(text));
  return {
    values: Object.fromEntries(
      entries.flatMap(([key, value]) => (isEncrypted(value) ? [] : [[key, settingText(value)]])),
    ),
    encrypted: new Set(entries.flatMap(([key, value]) => (isEncrypted(value) ? [key] : []))),
  };
}

/** Whether a value, or a part of it, is encrypted. */
function isEncrypted(value: FileValue): boolean {
  if (ciphertextOf(value) !== undefined) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(isEncrypted);
}

/** The same from what `pulumi config --json` prints, which leaves out the values of secrets. */
export function rawConfigOfCli(
  config: Record<string, { value?: string; secret?: boolean }>,
  project: string,
): RawConfig {
  const entries = Object.entries(config).map(([key, entry]) => [key.replace(`${project}:`, ""), entry] as const);
  return {
    values: Object.fromEntries(entries.flatMap(([key, { value, secret }]) => (secret ? [] : [[key, value ?? ""]]))),
    encrypted: new Set(entries.flatMap(([key, { secret }]) => (secret ? [key] : []))),
  };
}
