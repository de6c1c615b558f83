import { createReadStream } from "node:fs";
import { Problem } from "../problem.ts";
import type { Counts } from "./history.ts";
import { linesOf } from "./lines.ts";

/** Lines with which pg_dump begins the rows of a table, and ends a dump. */
const tableStart = /^COPY public\.(\w+) \([^()]*\) FROM stdin;$/;
const dumpEnd = "-- PostgreSQL database dump complete";

/**
 * Reads a history that pg_dump has written, and counts its rows by table.
 *
 * @throws {Problem} when it is truncated, or has a line that makes psql do more than load rows: a backup is not trusted
 */
export async function readDump(path: string): Promise<Counts> {
  const counts: Counts = {};
  let table: string | undefined;
  let ended = false;
  for await (const line of linesOf(createReadStream(path), "latin1")) {
    if (table !== undefined) {
      if (line === "\\.") table = undefined;
      else counts[table] = (counts[table] ?? 0) + 1;
      continue;
    }
    const [, name] = tableStart.exec(line) ?? [];
    if (name !== undefined) {
      table = name;
      counts[name] = 0;
    } else if (/^\s*copy\b/i.test(line) || (line.includes("\\") && !/^\\(un)?restrict \w+$/.test(line))) {
      throw new Problem(`it has a line that pg_dump does not write: ${line.slice(0, 80)}`);
    } else if (line === dumpEnd) ended = true;
  }
  if (!ended) throw new Problem("it is truncated");
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}
