import { reasonOf } from "../errors.ts";
import { log } from "../log.ts";
import { retry } from "../retry.ts";
import { type Fetch, type Listener, listen } from "../runtime.ts";

const retryPauseMs = 2_000;

/**
 * Listens on every host. The first must be available at once; the others are retried, such as the address of Docker's bridge,
 * which does not exist until Docker has started.
 *
 * @throws {Error} when the first address is not available
 */
export async function listenEverywhere(fetch: Fetch, hosts: [string, ...string[]], port: number): Promise<Listener> {
  const [firstHost, ...otherHosts] = hosts;
  const stopping = new AbortController();
  const open = async (host: string) => {
    const listener = await listen(fetch, host, port).catch((error) => {
      throw new Error(explain(error, host, port), { cause: error });
    });
    log("info", "listening", { host, port });
    return listener;
  };
  const first = await open(firstHost);
  const others = otherHosts.map((host) =>
    retry(() => open(host), {
      signal: stopping.signal,
      pauseMs: () => retryPauseMs,
      onFirstFailure: (error) =>
        log("warn", "address not available yet, retrying", { host, port, error: reasonOf(error) }),
    }),
  );
  return {
    async close() {
      stopping.abort();
      const listeners = [first, ...(await Promise.all(others))];
      await Promise.all(listeners.map((listener) => listener?.close()));
    },
  };
}

function explain(error: unknown, host: string, port: number): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "EADDRINUSE") {
    return `HOST ${host}, PORT ${port} is taken by another worker or another program: \`lsof -i :${port}\` names it. Stop it or choose another PORT.`;
  }
  if (code === "EADDRNOTAVAIL") return `HOST ${host} is not an address of this machine.`;
  return `HOST ${host}, PORT ${port} is not available: ${reasonOf(error)}`;
}
