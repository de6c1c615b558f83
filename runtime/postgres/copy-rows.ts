import { ulidOf } from "../../lib/data/ulid.ts";

/** A column as Postgres describes it in its `information_schema`. */
export interface Column {
  name: string;
  /** Such as `bytea`, `character` or `timestamp without time zone`. */
  type: string;
  /** Longest value in characters, if that is limited. */
  length: number | null;
}

/** A value that SQLite returns for a column. */
export type Value = null | number | bigint | string | Uint8Array;

/** A row of the server's SQLite file as a line for Postgres' `COPY`, without the line feed. */
export function copyLine(columns: Column[], row: Record<string, Value>): string {
  return columns.map((column) => field(row[column.name] ?? null, column)).join("\t");
}

function field(value: Value, column: Column): string {
  if (value === null) return "\\N";
  const text = column.type === "bytea" ? `\\x${Buffer.from(value as string).toString("hex")}` : textOf(value, column);
  return text.replace(/[\\\n\r\t]/g, (found) => ({ "\n": "\\n", "\r": "\\r", "\t": "\\t" })[found] ?? "\\\\");
}

function textOf(value: Exclude<Value, null>, { type, length }: Column): string {
  if (type === "boolean") return value === 0 || value === 0n || value === "false" ? "f" : "t";
  // The server stores some ids as 16 bytes in SQLite and as text in Postgres.
  if (typeof value === "object" && value.length === 16) {
    const hex = Buffer.from(value).toString("hex").toUpperCase();
    if (type === "character" && length === 26) return ulidOf(hex);
    if (type === "uuid" || type === "character") return uuidOf(hex);
  }
  const text = typeof value === "object" ? Buffer.from(value).toString() : String(value);
  if (type.startsWith("timestamp")) return timestampOf(text);
  // The one character of JSON that jsonb refuses.
  if (type === "jsonb") return text.replace(/(?<!\\)((?:\\\\)*)\\u0000/g, "$1\\ufffd");
  return text;
}

function uuidOf(hex: string): string {
  return hex.toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Converts a time as Go prints it, such as `2026-01-31 12:00:00.123456789 +0100 CET m=+1.5`, to UTC and microseconds. */
function timestampOf(text: string): string {
  const [, day, time, fraction = "", sign, hours, minutes] =
    /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d{1,6})?\d*\s*(?:Z|([+-])(\d\d):?(\d\d))?/.exec(text) ?? [];
  if (day === undefined) return text;
  const offset = sign ? `${sign}${hours}:${minutes}` : "Z";
  return `${new Date(`${day}T${time}${offset}`).toISOString().slice(0, 19).replace("T", " ")}${fraction}+00`;
}
