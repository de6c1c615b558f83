import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { Inngest, InngestFunction } from "inngest";
import { type ConnectionState, connect, type WorkerConnection } from "inngest/connect";
import { createClient, inngest } from "../client.ts";
import { log } from "../log.ts";
import type { Transport } from "./index.ts";

/** Longest pause between two tries to connect, in milliseconds. */
const LONGEST_PAUSE = 5_000;
const ACTIVE: `${ConnectionState}` = "ACTIVE";

let reconnectCurrent: ((client: Inngest.Any) => Promise<void>) | undefined;

/**
 * Opens a connection to the server and gets work over it: nothing has to be able to reach this worker. Connecting registers the
 * functions, and the SDK connects again by itself when the server was away.
 */
export function connectTransport(functions: InngestFunction.Any[]): Transport {
  const stopping = new AbortController();
  let current: WorkerConnection | undefined;
  const openAnother = async (client: Inngest.Any) => {
    const previous = current;
    current = await open(client, functions, stopping.signal);
    // Not waited for: it closes when its running steps have ended, and the caller may be one of them.
    previous?.close().catch((error: Error) => log("warn", "connection did not close well", { error: error.message }));
  };
  return {
    name: "connect",
    get registered() {
      return current?.state === ACTIVE;
    },
    start() {
      void openAnother(inngest);
      reconnectCurrent = openAnother;
    },
    async stop() {
      reconnectCurrent = undefined;
      stopping.abort();
      // A connection that is still being opened has no running steps to wait for, and opening may take for ever.
      await current?.close();
    },
  };
}

/**
 * Connects anew under another app version, which registers anew, and closes the old connection.
 *
 * The version is what makes it register: the server does not while it knows, or has not yet forgotten, a connection with the same
 * functions and version (inngest 1.43.0, `pkg/connect/state/state.go`).
 *
 * @returns whether this process uses a connection at all
 */
export async function reconnect(): Promise<boolean> {
  await reconnectCurrent?.(createClient(`reconnected ${new Date().toISOString()}`));
  return reconnectCurrent !== undefined;
}

async function open(
  client: Inngest.Any,
  functions: InngestFunction.Any[],
  signal: AbortSignal,
): Promise<WorkerConnection | undefined> {
  for (let tries = 0; !signal.aborted; tries++) {
    try {
      const connection = await connect({
        apps: [{ client, functions }],
        instanceId: `${hostname()}-${process.pid}`,
        // The worker itself decides what happens on SIGTERM, after it has stopped listening.
        handleShutdownSignals: [],
      });
      log("info", "connected", { functions: functions.length });
      return connection;
    } catch (error) {
      if (tries === 0)
        log("warn", "not connected, trying on", { reason: error instanceof Error ? error.message : String(error) });
      await delay(Math.min(250 * 2 ** tries, LONGEST_PAUSE), undefined, { signal }).catch(() => {});
    }
  }
}
