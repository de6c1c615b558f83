import type { Logger } from "inngest";
import { type Fields, type Level, log } from "../log.ts";

/**
 * A logger as the SDK wants one, which writes this worker's own JSON lines.
 *
 * It is called with a text, or with an object and a text. Of an object only the error's message and its scalar fields are kept:
 * the rest may hold an event.
 *
 * @param always fields of every line
 */
export function createLogger(always: Fields): Logger {
  const write = (level: Level, args: unknown[]) => {
    const message = args.filter((arg) => typeof arg === "string").join(" ");
    log(level, message || "message", Object.assign({}, ...args.map(scalars), always));
  };
  return {
    debug: () => {},
    info: (...args) => write("info", args),
    warn: (...args) => write("warn", args),
    error: (...args) => write("error", args),
  };
}

/** Says nothing. */
export const quiet: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function scalars(value: unknown): Fields {
  if (value instanceof Error) return { error: value.message };
  if (typeof value !== "object" || value === null) return {};
  const fields: Fields = {};
  for (const [name, field] of Object.entries(value)) {
    if (field instanceof Error) fields.error = field.message;
    else if (["string", "number", "boolean"].includes(typeof field)) fields[name] = field;
  }
  return fields;
}
