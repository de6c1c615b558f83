// Bash itself, a Redis that is only a listening port, and a `sleep` for the server. Proves what the watch does when the
// connection ends; that a real server is replaced so without losing events is tests/integration/gateway.test.ts'.
import { createServer, type Server, type Socket } from "node:net";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { queueWatch, untilServerEnds } from "../../lib/render/server-watch.ts";
import { eventually } from "../../tools/test-stack.ts";

let redis: Server;
let connections: Socket[];
let address: string;

beforeEach(async () => {
  connections = [];
  redis = createServer((connection) => connections.push(connection.on("error", () => {})));
  await new Promise<void>((resolve) => redis.listen(0, "127.0.0.1", resolve));
  address = `127.0.0.1:${(redis.address() as { port: number }).port}`;
});
afterEach(() => {
  for (const connection of connections) connection.destroy();
  redis.close();
});

/** Runs what a container runs, with `server` in place of the real one; its output is what the watch did. */
function watched(server: string, graceSeconds: number) {
  const script = [
    "set -eu",
    `${server} & server=$!`,
    ...queueWatch(address, ["echo held back"], graceSeconds),
    // A container's end is that of all that runs in it.
    "trap 'kill \"$watch\" 2>/dev/null || true' EXIT",
    ...untilServerEnds,
  ];
  return execa("bash", ["-c", script.join("\n")], { reject: false, timeout: 20_000 });
}

const connected = (count: number) =>
  eventually(10_000, async () => expect(connections.length).toBeGreaterThanOrEqual(count));

test("events are held back when the connection ends, and a server that does not end is killed after its grace period", async () => {
  const container = watched("sleep 15", 1);
  await connected(1);
  const before = performance.now();
  redis.close();
  connections[0]?.destroy();
  const { stdout, exitCode } = await container;
  expect(stdout).toBe("held back");
  expect(exitCode).toBe(137);
  expect(performance.now() - before).toBeGreaterThan(900);
});

test("a server that ends is not waited for, and its exit status is the container's", async () => {
  const { stdout, exitCode } = await watched("{ sleep 0.5; exit 3; }", 60);
  expect(stdout).toBe("");
  expect(exitCode).toBe(3);
});

test("the watch reconnects when Redis sends an error before it closes the connection", async () => {
  const container = watched("sleep 4", 1);
  await connected(1);
  connections[0]?.end("-ERR max number of clients reached\r\n");
  await connected(2);
  const { stdout, exitCode } = await container;
  expect(stdout).toBe("");
  expect(exitCode).toBe(0);
});
