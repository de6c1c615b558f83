import { createServer } from "node:net";

/** `npm test` gives each of its lanes a range of its own. */
const firstTestPort = Number(process.env.FIRST_TEST_PORT ?? 20_000);

/** The first of free ports in a row; of six: the worker's, the server's four, and one to move to. */
export async function freePorts(count = 6): Promise<number> {
  for (;;) {
    // Below those of a cluster's nodes, and below those that Linux gives to outgoing connections, one of which may take a
    // port between two starts.
    const first = firstTestPort + Math.floor(Math.random() * (5000 - count));
    const free = await Promise.all(Array.from({ length: count }, (_, offset) => isFree(first + offset)));
    if (free.every(Boolean)) return first;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
