import { secretFolder } from "../stack/docker-names.ts";
import { stopGraceSeconds } from "../stack/stop-grace.ts";
import type { DrainMarkers } from "./caddyfile.ts";
import { chownFiles } from "./chown-files.ts";
import { queueWatch, untilServerEnds } from "./server-watch.ts";

/** Folder, in memory, that server and gateway share. */
export const drainFolder = "/run/drain";

/** `draining` also exists from the server's start until it is healthy. */
export const drainMarkers: DrainMarkers = {
  draining: `${drainFolder}/draining`,
  stopping: `${drainFolder}/stopping`,
};

/** The server's configuration, with its keys. */
export const configFile = "inngest.json";

/**
 * Seconds from the request to stop until steps may not send events either (`steps`); then how long the server must have
 * written nothing to its database before SIGTERM (`idle`), and the longest wait for that (`maxIdleWait`). The server
 * accepts an event before it has stored it, and loses at SIGTERM those that it has not: docs/gateway.md.
 */
const drainSeconds = { steps: 1.2, idle: 0.5, maxIdleWait: 12 };

/**
 * Seconds between two health checks (`interval`), and from a healthy server until it gets events (`margin`): it answers
 * a moment before it listens for events, and drops silently what it accepts until then.
 */
const healthySeconds = { interval: 0.2, margin: 0.2 };

/**
 * What bash runs in the server's container, whose image has no entry point.
 *
 * @param database put in place where there is none
 * @param queueAddress `host:port` of the Redis to watch. @default it is not watched
 */
export function serverScript(database: Buffer, queueAddress: string | undefined): string {
  // A database's first page is nothing but zeros after its header.
  const header = database.subarray(0, database.findLastIndex((byte) => byte !== 0) + 1);
  return [
    "set -eu",
    `draining=${drainMarkers.draining} stopping=${drainMarkers.stopping}`,
    'touch "$draining"',
    chownFiles,
    "cd /data",
    "if ! test -e main.db; then",
    `  echo ${header.toString("base64")} | base64 -d > main.db.new`,
    `  truncate -s ${database.length} main.db.new`,
    "  mv main.db.new main.db",
    "fi",
    `inngest start --config ${secretFolder}/${configFile} & server=$!`,
    `{ until inngest alpha doctor healthcheck; do sleep ${healthySeconds.interval}; done`,
    `  sleep ${healthySeconds.margin}; rm -f "$draining" "$stopping"; } >/dev/null 2>&1 & healthy=$!`,
    ...(queueAddress
      ? queueWatch(
          queueAddress,
          ['kill "$healthy" 2>/dev/null || true', 'touch "$draining" "$stopping"'],
          stopGraceSeconds,
        )
      : ["watch="]),
    "stop() {",
    '  kill "$healthy" $watch 2>/dev/null || true',
    '  touch "$draining"',
    `  sleep ${drainSeconds.steps}`,
    "  rounds=0",
    '  while touch "$stopping"',
    `    sleep ${drainSeconds.idle}`,
    `    [ "$rounds" -lt ${drainSeconds.maxIdleWait / drainSeconds.idle} ] && [ -n "$(find main.db-wal -newer "$stopping")" ]`,
    "  do rounds=$((rounds + 1)); done",
    '  kill -TERM "$server" || true',
    "}",
    "trap stop TERM INT",
    ...untilServerEnds,
    "",
  ].join("\n");
}
