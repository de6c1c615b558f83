import { hostname } from "node:os";
import type { Inngest, InngestFunction } from "inngest";
import { type ConnectionState, connect, type WorkerConnection } from "inngest/connect";
import { createClient, inngest } from "../client.ts";
import { reasonOf } from "../errors.ts";
import { log } from "../log.ts";
import { retry } from "../retry.ts";
import type { Transport } from "./transport.ts";

const firstRetryMs = 250;
const longestRetryMs = 5_000;
const active: `${ConnectionState}` = "ACTIVE";

let reconnectCurrent: ((client: Inngest.Any) => Promise<void>) | undefined;

/**
 * The worker opens a connection to the server and receives work over it, so nothing has to be able to reach the worker.
 * Connecting registers the functions, and the SDK reconnects automatically after the server was unavailable.
 */
export function connectTransport(functions: InngestFunction.Any[]): Transport {
  const stopping = new AbortController();
  let current: WorkerConnection | undefined;
  const replaceConnection = async (client: Inngest.Any) => {
    const previous = current;
    current = await open(client, functions, stopping.signal);
    // Not awaited: it closes when its running steps have finished, and the caller may be one of them.
    previous?.close().catch((error: Error) => log("warn", "closing a connection failed", { error: error.message }));
  };
  return {
    name: "connect",
    get registered() {
      return current?.state === active;
    },
    start() {
      void replaceConnection(inngest);
      reconnectCurrent = replaceConnection;
    },
    async stop() {
      reconnectCurrent = undefined;
      stopping.abort();
      // A connection that is still being opened has no running steps, and opening it may take forever.
      await current?.close();
    },
  };
}

/**
 * Opens a new connection under a new app version, which registers the functions again, and closes the old one.
 *
 * The new version is needed because the server does not register while it remembers a connection with the same functions and
 * version (inngest 1.43.0, `pkg/connect/state/state.go`).
 *
 * @returns whether this process uses a connection at all
 */
export async function reconnect(): Promise<boolean> {
  await reconnectCurrent?.(createClient(`reconnected ${new Date().toISOString()}`));
  return reconnectCurrent !== undefined;
}

function open(
  client: Inngest.Any,
  functions: InngestFunction.Any[],
  signal: AbortSignal,
): Promise<WorkerConnection | undefined> {
  const openOnce = async () => {
    const connection = await connect({
      apps: [{ client, functions }],
      instanceId: `${hostname()}-${process.pid}`,
      // The worker itself handles SIGTERM: it stops listening first.
      handleShutdownSignals: [],
    });
    log("info", "connected", { functions: functions.length });
    return connection;
  };
  return retry(openOnce, {
    signal,
    pauseMs: (attempt) => Math.min(firstRetryMs * 2 ** attempt, longestRetryMs),
    onFirstFailure: (error) => log("warn", "not connected, retrying", { reason: reasonOf(error) }),
  });
}
