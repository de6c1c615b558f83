import type { Logger } from "inngest";
import { type Fields, type Level, log } from "../log.ts";

/**
 * A logger for the SDK that writes the worker's JSON lines.
 *
 * The SDK calls it with a text, or with an object and a text. Only scalar fields and error messages of an object are logged: the
 * rest may contain an event.
 *
 * @param commonFields fields of every line
 */
export function createLogger(commonFields: Fields): Logger {
  const write = (level: Level, args: unknown[]) => {
    const message = args.filter((arg) => typeof arg === "string").join(" ");
    log(level, message || "message", Object.assign({}, ...args.map(scalarsOf), commonFields));
  };
  return {
    debug: () => {},
    info: (...args) => write("info", args),
    warn: (...args) => write("warn", args),
    error: (...args) => write("error", args),
  };
}

export const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function scalarsOf(value: unknown): Fields {
  if (value instanceof Error) return { error: value.message };
  if (typeof value !== "object" || value === null) return {};
  const fields: Fields = {};
  for (const [name, field] of Object.entries(value)) {
    if (field instanceof Error) fields.error = field.message;
    else if (["string", "number", "boolean"].includes(typeof field)) fields[name] = field;
  }
  return fields;
}
