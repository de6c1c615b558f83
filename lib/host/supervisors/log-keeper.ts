import { logLimit } from "./service.ts";

/**
 * Looks at a log once a second and cuts it at the limit, its last piece moved to `.1`. The writer keeps its handle:
 * it appends, so that its next line stands at the start of the emptied file. What is written between copy and cut is
 * lost. The file is emptied even when the copy fails, because a full disk is the very thing to avoid.
 * A shell's megabyte of memory is a fortieth of a Node's. Arguments: log, limit in bytes, and optionally the process
 * with which to end.
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

/** The command that keeps `log` bounded, until `pid` has ended when one is given. */
export function logKeeper(log: string, pid?: number, limit = logLimit): [string, ...string[]] {
  return ["/bin/sh", "-c", script, "log-keeper", log, String(limit), ...(pid === undefined ? [] : [String(pid)])];
}

/** `-F` goes on when the log keeper empties the file, in GNU's and in BSD's `tail`. */
export function tail(log: string, lines: number, follow: boolean): [string, ...string[]] {
  return ["tail", "-n", String(lines), ...(follow ? ["-F"] : []), log];
}
