import { serve } from "@hono/node-server";

/** Something that listens, and can stop. */
export interface Listener {
  /** Takes no new connection, lets the requests that are being answered end, then resolves. */
  close(): Promise<void>;
}

export type Fetch = (request: Request) => Response | Promise<Response>;

interface BunServer {
  stop(closeActiveConnections?: boolean): Promise<void>;
}

interface BunRuntime {
  version: string;
  serve(options: { fetch: Fetch; hostname: string; port: number; idleTimeout: number }): BunServer;
}

const bun = (globalThis as { Bun?: BunRuntime }).Bun;

/** For people and logs, for example `node 24.21.0`. */
export const runtimeName = bun ? `bun ${bun.version}` : `node ${process.versions.node}`;

/**
 * Listens on one address.
 *
 * @throws Error with the system's `code` (`EADDRINUSE`, `EADDRNOTAVAIL`, …) when the address cannot be had.
 */
export function listen(fetch: Fetch, hostname: string, port: number): Promise<Listener> {
  return bun ? listenOnBun(bun, fetch, hostname, port) : listenOnNode(fetch, hostname, port);
}

async function listenOnBun(runtime: BunRuntime, fetch: Fetch, hostname: string, port: number): Promise<Listener> {
  // Bun ends a quiet connection after 10 s by default, in the middle of any longer step; 0 means never.
  const server = runtime.serve({ fetch, hostname, port, idleTimeout: 0 });
  return { close: () => server.stop() };
}

/**
 * How long a quiet connection is kept, in milliseconds: longer than the 90 s of a Go client such as the server, so that it is
 * never this side that closes while a request is on its way. The server would count that as a failed attempt.
 */
const KEEP_ALIVE = 120_000;

function listenOnNode(fetch: Fetch, hostname: string, port: number): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, hostname, port, serverOptions: { keepAliveTimeout: KEEP_ALIVE } }, () => {
      server.off("error", reject);
      resolve({ close: () => closeNodeServer(server) });
    });
    server.once("error", reject);
  });
}

function closeNodeServer(server: ReturnType<typeof serve>): Promise<void> {
  return new Promise((resolve) => {
    // A connection that is kept alive turns idle only after its answer, so idle ones are closed again and again.
    const sweep = setInterval(() => "closeIdleConnections" in server && server.closeIdleConnections(), 50);
    server.close(() => {
      clearInterval(sweep);
      resolve();
    });
  });
}
