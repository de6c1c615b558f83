import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createReadStream, createWriteStream, existsSync, statSync } from "node:fs";
import { connect as connectTcp, createServer, type Server } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { connect as connectTls } from "node:tls";
import { Problem } from "../problem.ts";
import { until } from "../wait.ts";
import { type Reply, Wire } from "./redis-wire.ts";

/** Milliseconds within which Redis must begin its snapshot: its writers may be blocked meanwhile. */
const snapshotTimeoutMs = 4000;
/** Milliseconds within which a Redis that takes commands answers PING. */
const answerTimeoutMs = 2000;
/** Seconds within which Redis must fetch a snapshot that it is to load; it tries every second. */
const fetchTimeout = 30;
/** Seconds within which Redis must have saved or loaded everything. */
const loadTimeout = 600;

/**
 * A connection to Redis. No client library speaks the replication protocol, which copies a whole Redis, and these
 * programs run where only Node is.
 */
export class Redis {
  readonly #url: URL;
  readonly #wire: Wire;

  private constructor(url: URL, wire: Wire) {
    this.#url = url;
    this.#wire = wire;
  }

  static async connect(address: string): Promise<Redis> {
    const url = new URL(address);
    const redis = new Redis(url, await connected(url));
    const password = decodeURIComponent(url.password);
    const user = decodeURIComponent(url.username);
    if (password) await redis.command("AUTH", ...(user ? [user] : []), password);
    const database = url.protocol === "unix:" ? "" : url.pathname.slice(1);
    if (database) await redis.command("SELECT", database);
    return redis;
  }

  async command(...parts: (string | number)[]): Promise<Reply> {
    this.#wire.send(...parts);
    return await this.#wire.value();
  }

  /** Sends many commands at once, and resolves to their answers. */
  async commands(all: (string | number)[][]): Promise<Reply[]> {
    for (const parts of all) this.#wire.send(...parts);
    const replies: Reply[] = [];
    for (const _ of all) replies.push(await this.#wire.value());
    return replies;
  }

  /** The fields of a section of INFO. */
  async info(section: string): Promise<Record<string, string>> {
    const text = String(await this.command("INFO", section));
    return Object.fromEntries([...text.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, key, value]) => [key, value]));
  }

  /** Waits until no child process of Redis saves or rewrites, which would delay a snapshot. */
  async untilIdle(): Promise<void> {
    const idle = await until({ seconds: loadTimeout, every: 50 }, async () => {
      const { rdb_bgsave_in_progress, aof_rewrite_in_progress, aof_rewrite_scheduled } = await this.info("persistence");
      return ![rdb_bgsave_in_progress, aof_rewrite_in_progress, aof_rewrite_scheduled].includes("1");
    });
    if (!idle) throw new Problem(`Redis has been saving for ${loadTimeout / 60} minutes`, "look at its log");
  }

  /**
   * Writes a snapshot of everything to `file`, as a replica does. Redis forks for it, so the snapshot is of one moment;
   * `begun` is called right after that moment.
   */
  async snapshot(file: string, begun = async () => {}): Promise<void> {
    const replica = await Redis.connect(this.#url.href);
    const wire = replica.#wire;
    try {
      wire.send("PSYNC", "?", "-1");
      const timer = setTimeout(() => wire.socket.destroy(), snapshotTimeoutMs);
      const answer = await wire.value().finally(() => clearTimeout(timer));
      if (!String(answer).startsWith("FULLRESYNC")) throw new Problem(`Redis refuses PSYNC: ${answer}`);
      await begun();
      let header = await wire.line();
      // Empty lines keep the connection alive.
      while (header === "") header = await wire.line();
      const size = /^\$(\d+)$/.exec(header)?.[1];
      if (size === undefined) throw new Problem(`Redis sent ${JSON.stringify(header)} in place of a snapshot`);
      await pipeline(Readable.from(wire.stream(Number(size))), createWriteStream(file, { mode: 0o600 }));
    } finally {
      replica.close();
    }
  }

  /**
   * Replaces everything in Redis with a snapshot, without access to its files: Redis is a replica of this process until
   * it has loaded the snapshot, and then rewrites its append-only file.
   *
   * @param port where this process listens for Redis; 0 is any free port
   */
  async load(file: string, port = 0): Promise<void> {
    await this.untilIdle();
    const secret = randomBytes(32).toString("hex");
    const [, masterauth = ""] = (await this.command("CONFIG", "GET", "masterauth")) as string[];
    const server = createServer();
    // The address from which this process reaches Redis is one at which Redis reaches it; a Unix socket has none.
    const address = this.#wire.socket.localAddress ?? "127.0.0.1";
    await once(server.listen(port, address), "listening");
    let ended = false;
    let loaded: Promise<void> | undefined;
    try {
      await this.command("CONFIG", "SET", "masterauth", secret);
      const served = serveOnce(server, file, secret);
      served.catch(() => undefined);
      const { port: open } = server.address() as { port: number };
      await this.command("REPLICAOF", address.replace(/^::ffff:/, ""), open);
      loaded = this.#untilLoaded(() => ended);
      await Promise.race([served, loaded]);
    } finally {
      // Its last question must be answered before this connection is used again.
      ended = true;
      await loaded?.catch(() => undefined);
      await this.command("REPLICAOF", "NO", "ONE");
      await this.command("CONFIG", "SET", "masterauth", masterauth);
      server.close();
    }
    await this.untilIdle();
  }

  async #untilLoaded(hasEnded: () => boolean): Promise<void> {
    const loaded = await until({ seconds: loadTimeout, every: 50 }, async () => {
      const { master_link_status } = await this.info("replication");
      const { loading } = await this.info("persistence");
      return hasEnded() || (master_link_status === "up" && loading === "0");
    });
    if (!loaded) throw new Problem("Redis has not loaded the snapshot", "look at its log");
  }

  /** Whether a Redis at that address takes commands; while it loads its data it does not. */
  static async answersAt(address: string): Promise<boolean> {
    const redis = await Redis.connect(address).catch(() => undefined);
    if (!redis) return false;
    const { socket } = redis.#wire;
    socket.setTimeout(answerTimeoutMs, () => socket.destroy());
    const answer = await redis.command("PING").catch(() => undefined);
    redis.close();
    return answer === "PONG";
  }

  close(): void {
    this.#wire.socket.destroy();
  }
}

/**
 * Replaces everything in the queue with `queue.rdb` of a folder. When Redis does not load it, the queue gets back what it
 * had, from the snapshot `previous`.
 *
 * @param undo brings back the history
 * @throws {Problem} when Redis does not load it
 */
export async function replaceQueue(
  redis: Redis,
  { folder, previous, snapshotPort }: { folder: string; previous: string; snapshotPort: number | undefined },
  undo = () => {},
): Promise<void> {
  const snapshot = join(folder, "queue.rdb");
  try {
    if (existsSync(snapshot)) await redis.load(snapshot, snapshotPort);
    // The restored runs in flight were in their server's memory and are gone; those in this Redis are not theirs.
    else await redis.command("FLUSHDB");
  } catch (error) {
    undo();
    await redis.load(previous, snapshotPort).catch(() => undefined);
    throw new Problem(
      `Redis did not load the queue (${(error as Error).message}), so everything is as it was before`,
      "use a Redis that is not older than the one of the backup, has disk space and memory for it, and can connect to " +
        "the process that restores",
    );
  }
}

async function connected(url: URL): Promise<Wire> {
  const options = { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port || 6379) };
  const path = url.protocol === "unix:" ? decodeURIComponent(url.pathname) : undefined;
  const isSecure = url.protocol === "rediss:";
  const socket = isSecure
    ? connectTls({ ...options, servername: options.host })
    : connectTcp(path === undefined ? options : { path });
  await once(socket, isSecure ? "secureConnect" : "connect").catch((error: Error) => {
    throw new Problem(`no Redis answers at ${path ?? `${options.host}:${options.port}`} (${error.message})`);
  });
  // A later error shows up when the connection is read.
  socket.on("error", () => undefined);
  return new Wire(socket);
}

/** Sends the snapshot to the client that knows the secret. Rejects when the client does not come, or breaks off. */
function serveOnce(server: Server, file: string, secret: string): Promise<never> {
  return new Promise((_, reject) => {
    const late = () => reject(new Problem(`it did not fetch the snapshot within ${fetchTimeout} s`));
    const timer = setTimeout(late, fetchTimeout * 1000).unref();
    server.on("connection", (socket) => {
      clearTimeout(timer);
      serve(new Wire(socket), file, secret).catch((error) => {
        socket.destroy();
        reject(error);
      });
    });
  });
}

async function serve(wire: Wire, file: string, secret: string): Promise<void> {
  let authenticated = false;
  let synced = false;
  for (;;) {
    const [command = "", ...rest] = ((await wire.value()) as string[]).map(String);
    const name = command.toUpperCase();
    // Redis sends empty lines while it loads. After the snapshot it takes whatever we send as replicated commands, and
    // ends the connection at one that it does not know.
    if (synced || name === "") continue;
    if (name === "AUTH") authenticated = rest.at(-1) === secret;
    // Unauthenticated clients get -NOAUTH; Redis reconnects with the secret and is accepted.
    if (!authenticated) wire.socket.write("-NOAUTH\r\n");
    else if (name === "PING") wire.socket.write("+PONG\r\n");
    else if (name === "PSYNC") {
      wire.socket.write(`+FULLRESYNC ${randomBytes(20).toString("hex")} 0\r\n$${statSync(file).size}\r\n`);
      for await (const chunk of createReadStream(file)) {
        if (!wire.socket.write(chunk)) await new Promise((resolve) => wire.socket.once("drain", resolve));
      }
      synced = true;
    } else wire.socket.write("+OK\r\n");
  }
}
