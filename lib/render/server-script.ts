import { takeOverFiles } from "../../components/docker/owned-volume.ts";
import { secretFolder } from "../stack/docker-names.ts";
import { stopGraceSeconds } from "../stack/stop-grace.ts";
import type { StopSigns } from "./caddyfile.ts";
import { queueWatch, untilServerEnds } from "./server-watch.ts";

/** Folder, in memory, that server and gateway share. */
export const doorFolder = "/run/door";

/** The first is there from its start too, until it is healthy. */
export const stopSigns: StopSigns = { stopping: `${doorFolder}/stopping`, leaving: `${doorFolder}/leaving` };

/** The server's configuration, with its keys. */
export const configFile = "inngest.json";

/**
 * Seconds from the word to stop until no step may send an event any more; then, how long the server must have written
 * nothing into its database before SIGTERM, and for how long that is waited for. The door looks for the first sign ten
 * times a second; and the server says yes to an event before it has stored it, and forgets at SIGTERM those that it has
 * not: 551 of a burst of 1000, 1.6 s after it (measured on 1.43.0, whose bus is in memory and looks for events four
 * times a second).
 */
const settleSeconds = { others: 1.2, quiet: 0.5, quietAtMost: 12 };

/**
 * Seconds between two looks whether the server is healthy, and from there until it is given events: one that it takes
 * before its bus has a listener is dropped without a word, and it answers from 0.03 s before that on, longer on a busy
 * machine and with many crons, which it looks through first (1.43.0, `runner.go`).
 */
const healthySeconds = { looks: 0.2, until: 0.2 };

/**
 * What bash runs in the server's container: the image has it and no entry point. `database` is put where none is;
 * `queueAddress` is that of {@link queueWatch}.
 */
export function serverScript(database: Buffer, queueAddress: string | undefined): string {
  // A database's first page is nothing but zeros after its header.
  const header = database.subarray(0, database.findLastIndex((byte) => byte !== 0) + 1);
  return [
    "set -eu",
    `stopping=${stopSigns.stopping} leaving=${stopSigns.leaving}`,
    'touch "$stopping"',
    takeOverFiles,
    "cd /data",
    "if ! test -e main.db; then",
    `  echo ${header.toString("base64")} | base64 -d > main.db.new`,
    `  truncate -s ${database.length} main.db.new`,
    "  mv main.db.new main.db",
    "fi",
    `inngest start --config ${secretFolder}/${configFile} & server=$!`,
    `{ until inngest alpha doctor healthcheck; do sleep ${healthySeconds.looks}; done`,
    `  sleep ${healthySeconds.until}; rm -f "$stopping" "$leaving"; } >/dev/null 2>&1 & healthy=$!`,
    ...(queueAddress
      ? queueWatch(
          queueAddress,
          ['kill "$healthy" 2>/dev/null || true', 'touch "$stopping" "$leaving"'],
          stopGraceSeconds,
        )
      : ["watch="]),
    "stop() {",
    '  kill "$healthy" $watch 2>/dev/null || true',
    '  touch "$stopping"',
    `  sleep ${settleSeconds.others}`,
    "  rounds=0",
    '  while touch "$leaving"',
    `    sleep ${settleSeconds.quiet}`,
    `    [ "$rounds" -lt ${settleSeconds.quietAtMost / settleSeconds.quiet} ] && [ -n "$(find main.db-wal -newer "$leaving")" ]`,
    "  do rounds=$((rounds + 1)); done",
    '  kill -TERM "$server" || true',
    "}",
    "trap stop TERM INT",
    ...untilServerEnds,
    "",
  ].join("\n");
}
