export type Level = "debug" | "info" | "warn" | "error";
export type Fields = Record<string, string | number | boolean | null | undefined>;

/** Longest text kept of any one field, in characters: a huge error must not make a huge log line. */
const FIELD_LIMIT = 2_000;

/**
 * Writes one JSON line to standard output.
 *
 * Fields are scalars by type, so that neither an event's payload nor a client with its keys can slip in.
 */
export function log(level: Level, message: string, fields: Fields = {}): void {
  const line: Fields = { time: new Date().toISOString(), level, message: shorten(message) };
  for (const [name, value] of Object.entries(fields)) line[name] = typeof value === "string" ? shorten(value) : value;
  console.log(JSON.stringify(line));
}

/** The text, cut at {@link FIELD_LIMIT} characters with a note of how many went. */
export function shorten(text: string, limit: number = FIELD_LIMIT): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}… (${text.length - limit} characters more)`;
}
