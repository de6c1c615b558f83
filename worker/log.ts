export type Level = "debug" | "info" | "warn" | "error";
export type Fields = Record<string, string | number | boolean | null | undefined>;

/** Longest text of a field in characters, so that a huge error does not become a huge log line. */
const maxFieldLength = 2_000;

/**
 * Writes one JSON line to standard output.
 *
 * The type of fields allows scalars only, so that neither an event's payload nor a client with its keys gets into the log.
 */
export function log(level: Level, message: string, fields: Fields = {}): void {
  const line: Fields = { time: new Date().toISOString(), level, message: shorten(message) };
  for (const [name, value] of Object.entries(fields)) line[name] = typeof value === "string" ? shorten(value) : value;
  console.log(JSON.stringify(line));
}

/** Cuts a text after `maxLength` characters and notes how many are missing. @default {@link maxFieldLength} */
export function shorten(text: string, maxLength = maxFieldLength): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength)}… (${text.length - maxLength} more characters)`;
}
