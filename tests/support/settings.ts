import { Problem } from "../../lib/problem.ts";
import { readSettings } from "../../lib/settings/settings.ts";

/** The settings of a stack `test` with these values. */
export function read(values: Record<string, string>, encrypted: string[] = []) {
  return readSettings("test", { values, encrypted: new Set(encrypted) });
}

/** The whole error text, or nothing when the values are accepted. */
export function complaint(values: Record<string, string>, encrypted: string[] = []): string {
  try {
    read(values, encrypted);
    return "";
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return error.message;
  }
}

/** The error text of one problem. */
export const alone = (problem: string) => `the settings of stack test are wrong:\n  - ${problem}`;
