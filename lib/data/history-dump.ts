import { createReadStream } from "node:fs";
import { Problem } from "../problem.ts";
import type { Counts } from "./history.ts";
import { linesOf } from "./lines.ts";

/** How pg_dump begins the rows of a table, and ends its work. */
const beginning = /^COPY public\.(\w+) \([^()]*\) FROM stdin;$/;
const ending = "-- PostgreSQL database dump complete";

/**
 * Reads a history as pg_dump writes it, to its end, and counts its rows by table. Throws {@link Problem} for what is cut
 * off, and for anything that would have psql do more than take rows in: a backup may be a stranger's.
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
    const [, begun] = beginning.exec(line) ?? [];
    if (begun !== undefined) {
      table = begun;
      counts[begun] = 0;
    } else if (/^\s*copy\b/i.test(line) || (line.includes("\\") && !/^\\(un)?restrict \w+$/.test(line))) {
      throw new Problem(`it has what pg_dump does not write of a history: ${line.slice(0, 80)}`);
    } else if (line === ending) ended = true;
  }
  if (!ended) throw new Problem("it is cut off");
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}
