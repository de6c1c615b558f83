import { serve } from "@hono/node-server";

export interface Listener {
  /** Accepts no new connections and resolves when running requests have been answered. */
  close(): Promise<void>;
}

export type Fetch = (request: Request) => Response | Promise<Response>;

interface BunRuntime {
  version: string;
  serve(options: { fetch: Fetch; hostname: string; port: number; idleTimeout: number }): { stop(): Promise<void> };
}

const bun = (globalThis as { Bun?: BunRuntime }).Bun;

/** Name and version, such as `node 24.21.0`. */
export const runtimeName = bun ? `bun ${bun.version}` : `node ${process.versions.node}`;

/**
 * Listens on one address.
 *
 * @throws {Error} with the system's `code` (`EADDRINUSE`, `EADDRNOTAVAIL`, …) when the address is not available
 */
export async function listen(fetch: Fetch, hostname: string, port: number): Promise<Listener> {
  if (!bun) return await listenOnNode(fetch, hostname, port);
  // By default Bun closes an idle connection after 10 s, in the middle of any longer step; 0 means never.
  const server = bun.serve({ fetch, hostname, port, idleTimeout: 0 });
  return { close: () => server.stop() };
}

/**
 * How long an idle connection is kept open: longer than the 90 s of Go clients like the server, so that this side never closes
 * one while a request is on its way. The server would count that as a failed attempt.
 */
const keepAliveMs = 120_000;

function listenOnNode(fetch: Fetch, hostname: string, port: number): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, hostname, port, serverOptions: { keepAliveTimeout: keepAliveMs } }, () => {
      server.off("error", reject);
      resolve({ close: () => closeNodeServer(server) });
    });
    server.once("error", reject);
  });
}

function closeNodeServer(server: ReturnType<typeof serve>): Promise<void> {
  return new Promise((resolve) => {
    // A keep-alive connection becomes idle only after its answer, so idle ones have to be closed repeatedly.
    const timer = setInterval(() => "closeIdleConnections" in server && server.closeIdleConnections(), 50);
    server.close(() => {
      clearInterval(timer);
      resolve();
    });
  });
}
