import { setTimeout as delay } from "node:timers/promises";
import { log } from "../log.ts";
import { type Fetch, type Listener, listen } from "../runtime.ts";

/** Pause between two tries for an address that cannot be had yet, in milliseconds. */
const RETRY_PAUSE = 2_000;

/**
 * Listens on every host. The first must be had at once; the others may appear later, like the address of Docker's bridge,
 * which is not there until Docker has started.
 *
 * @throws Error when the first address cannot be had.
 */
export async function listenEverywhere(fetch: Fetch, hosts: [string, ...string[]], port: number): Promise<Listener> {
  const [firstHost, ...otherHosts] = hosts;
  const stopping = new AbortController();
  const first = await listen(fetch, firstHost, port).catch((error) => {
    throw new Error(explain(error, firstHost, port), { cause: error });
  });
  log("info", "listening", { host: firstHost, port });
  const others = otherHosts.map((host) => listenPatiently(fetch, host, port, stopping.signal));
  return {
    async close() {
      stopping.abort();
      const listeners = [first, ...(await Promise.all(others))];
      await Promise.all(listeners.map((listener) => listener?.close()));
    },
  };
}

async function listenPatiently(fetch: Fetch, host: string, port: number, signal: AbortSignal) {
  for (let tries = 0; !signal.aborted; tries++) {
    try {
      const listener = await listen(fetch, host, port);
      log("info", "listening", { host, port });
      return listener;
    } catch (error) {
      if (tries === 0)
        log("warn", "address not available yet, trying on", { host, port, error: explain(error, host, port) });
      await delay(RETRY_PAUSE, undefined, { signal }).catch(() => {});
    }
  }
}

function explain(error: unknown, host: string, port: number): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "EADDRINUSE") {
    return `HOST ${host}, PORT ${port} is taken, by another worker or any other program: \`lsof -i :${port}\` names it. Stop it or choose another PORT.`;
  }
  if (code === "EADDRNOTAVAIL") return `HOST ${host} is no address of this machine.`;
  return `HOST ${host}, PORT ${port} cannot be listened on: ${error instanceof Error ? error.message : String(error)}`;
}
