import { existsSync, readFileSync } from "node:fs";
import { fileSettings, settingText } from "../../lib/settings/stack-file.ts";

/** A change of a setting. */
export interface SettingChange {
  /** Such as `workerEnv.WORK`. */
  path: string;
  before: string | undefined;
  /** `undefined` removes it from the file. */
  after: string | undefined;
}

/** A setting in a stack's file, without defaults; an encrypted one stays encrypted. */
export function settingIn(stack: string, path: string): string | undefined {
  const file = `Pulumi.${stack}.yaml`;
  if (!existsSync(file)) return undefined;
  const value = path
    .split(".")
    .reduce<unknown>(
      (inner, key) => (inner as Record<string, unknown> | undefined)?.[key],
      fileSettings(readFileSync(file, "utf8")),
    );
  return value === undefined ? undefined : settingText(value);
}

/** What differs in a stack's file from the wanted settings. */
export function changesIn(stack: string, wanted: Record<string, string | undefined>): SettingChange[] {
  return Object.entries(wanted)
    .map(([path, after]) => ({ path, before: settingIn(stack, path), after }))
    .filter(({ before, after }) => before !== after);
}
