import { logLimit } from "./service.ts";

/**
 * Checks a log once a second and truncates it at the limit, after copying its last piece to `.1`. The writer keeps its
 * file handle: it appends, so its next line is at the start of the truncated file. Lines between copy and truncation are
 * lost. The log is truncated even when the copy fails, because a full disk would be worse.
 * A shell needs far less memory than Node. Arguments: log, limit in bytes, and optionally a pid with whose end it ends.
 */
const script = [
  "umask 077",
  "while sleep 1; do",
  '  [ -z "$3" ] || kill -0 "$3" 2>/dev/null || exit 0',
  '  size=$(wc -c 2>/dev/null <"$1") || continue',
  '  [ "$size" -le "$2" ] && continue',
  '  tail -c "$2" "$1" | head -c "$2" >"$1.1.new" && mv "$1.1.new" "$1.1"',
  '  : >"$1"',
  "done",
].join("\n");

/** Command that keeps `log` below `limit` bytes, until `pid` has ended if one is given. */
export function logKeeper(log: string, pid?: number, limit = logLimit): [string, ...string[]] {
  return ["/bin/sh", "-c", script, "log-keeper", log, String(limit), ...(pid === undefined ? [] : [String(pid)])];
}

/** Command that prints the end of a log. `-F` survives a truncation, in GNU's and in BSD's `tail`. */
export function tail(log: string, lines: number, follow: boolean): [string, ...string[]] {
  return ["tail", "-n", String(lines), ...(follow ? ["-F"] : []), log];
}
