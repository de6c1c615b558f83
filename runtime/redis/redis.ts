import { randomBytes } from "node:crypto";
import { createReadStream, createWriteStream, statSync } from "node:fs";
import { connect as connectTcp, createServer, type Socket } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { Problem } from "../../lib/problem.ts";
import { type Reply, Wire } from "./wire.ts";

/** Milliseconds for Redis to begin its snapshot; its writers are held for so long at most. */
const patience = 4000;
/** Seconds for Redis to come for a snapshot that it is to take in; it tries every second. */
const comeSeconds = 30;
/** Seconds for a whole snapshot to be taken in. */
const loadSeconds = 600;

/**
 * A connection to Redis. No client library speaks the side of the protocol by which replicas copy a whole Redis, and
 * these scripts run where only Node is.
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
    const database = url.pathname.slice(1);
    if (database) await redis.command("SELECT", database);
    return redis;
  }

  async command(...parts: (string | number)[]): Promise<Reply> {
    this.#wire.send(...parts);
    return await this.#wire.value();
  }

  /** The answers to many commands, sent at once. */
  async commands(all: (string | number)[][]): Promise<Reply[]> {
    for (const parts of all) this.#wire.send(...parts);
    const replies: Reply[] = [];
    for (const _ of all) replies.push(await this.#wire.value());
    return replies;
  }

  /** A section of INFO. */
  async info(section: string): Promise<Record<string, string>> {
    const text = String(await this.command("INFO", section));
    return Object.fromEntries([...text.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, key, value]) => [key, value]));
  }

  /** Waits until no child of Redis' own saves or rewrites, which would delay a snapshot. */
  async untilIdle(): Promise<void> {
    const deadline = Date.now() + loadSeconds * 1000;
    for (;;) {
      const { rdb_bgsave_in_progress, aof_rewrite_in_progress, aof_rewrite_scheduled } = await this.info("persistence");
      if (![rdb_bgsave_in_progress, aof_rewrite_in_progress, aof_rewrite_scheduled].includes("1")) return;
      if (Date.now() > deadline) throw new Problem("Redis has been saving for 10 minutes", "look at its log");
      await sleep(50);
    }
  }

  /**
   * Writes a snapshot of everything to `file`, as a replica gets it: Redis forks, so that it shows one moment, and
   * `begun` is called right after that moment.
   */
  async snapshot(file: string, begun: () => Promise<void>): Promise<void> {
    const replica = await Redis.connect(this.#url.href);
    const wire = replica.#wire;
    try {
      wire.send("PSYNC", "?", "-1");
      const timer = setTimeout(() => wire.socket.destroy(), patience);
      const answer = await wire.value().finally(() => clearTimeout(timer));
      if (!String(answer).startsWith("FULLRESYNC")) throw new Problem(`Redis answers PSYNC with ${answer}`);
      await begun();
      let header = await wire.line();
      // It sends empty lines to show that it lives.
      while (header === "") header = await wire.line();
      const size = /^\$(\d+)$/.exec(header)?.[1];
      if (size === undefined) throw new Problem(`Redis sends no snapshot but ${JSON.stringify(header)}`);
      await pipeline(Readable.from(wire.stream(Number(size))), createWriteStream(file, { mode: 0o600 }));
    } finally {
      replica.close();
    }
  }

  /**
   * Replaces everything that Redis has by a snapshot: it is made a replica of this process until it has taken it in,
   * and what it appends to is rewritten. That needs no access to its files. `port` is where this process listens for
   * it; 0 takes any.
   */
  async load(file: string, port = 0): Promise<void> {
    await this.untilIdle();
    const secret = randomBytes(32).toString("hex");
    const [, before] = (await this.command("CONFIG", "GET", "masterauth")) as string[];
    const server = createServer();
    // As the way to Redis shows which address of this machine Redis knows.
    const address = this.#wire.socket.localAddress as string;
    await new Promise<void>((resolve) => server.listen(port, address, resolve));
    const broken = new AbortController();
    let loaded: Promise<void> | undefined;
    try {
      await this.command("CONFIG", "SET", "masterauth", secret);
      const served = serveOnce(server, file, secret);
      served.catch(() => undefined);
      const { port: open } = server.address() as { port: number };
      await this.command("REPLICAOF", address.replace(/^::ffff:/, ""), open);
      loaded = this.#untilLoaded(broken.signal);
      await Promise.race([served, loaded]);
    } finally {
      // One at a time asks over this connection.
      broken.abort();
      await loaded?.catch(() => undefined);
      await this.command("REPLICAOF", "NO", "ONE");
      await this.command("CONFIG", "SET", "masterauth", before ?? "");
      server.close();
    }
    await this.untilIdle();
  }

  async #untilLoaded(signal: AbortSignal): Promise<void> {
    const deadline = Date.now() + loadSeconds * 1000;
    for (;;) {
      const { master_link_status, loading } = {
        ...(await this.info("replication")),
        ...(await this.info("persistence")),
      };
      if (signal.aborted || (master_link_status === "up" && loading === "0")) return;
      if (Date.now() > deadline) throw new Problem("Redis has not taken the snapshot in", "look at its log");
      await sleep(50);
    }
  }

  close(): void {
    this.#wire.socket.destroy();
  }
}

/** Why a restore ends where {@link Redis.load} fails. */
export function notTaken({ message }: Error): Problem {
  return new Problem(
    `Redis did not take the queue in (${message}), so everything is as it was before`,
    "a Redis that is not older than the one of the backup, with room and memory for it, and a way back to " +
      "whoever restores",
  );
}

async function connected(url: URL): Promise<Wire> {
  const options = { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port || 6379) };
  const socket: Socket =
    url.protocol === "rediss:" ? connectTls({ ...options, servername: options.host }) : connectTcp(options);
  await new Promise<void>((resolve, reject) => {
    const failed = (error: Error) =>
      reject(new Problem(`no Redis answers at ${options.host}:${options.port} (${error.message})`));
    socket.once("error", failed);
    socket.once(url.protocol === "rediss:" ? "secureConnect" : "connect", () => {
      socket.off("error", failed);
      // What breaks later is seen by whoever reads.
      socket.on("error", () => undefined);
      resolve();
    });
  });
  return new Wire(socket);
}

/** Hands the snapshot to the first who knows the secret; ends when it breaks. */
function serveOnce(server: ReturnType<typeof createServer>, file: string, secret: string): Promise<never> {
  return new Promise((_, reject) => {
    const late = () => reject(new Problem(`it has not come for the snapshot within ${comeSeconds} s`));
    const timer = setTimeout(late, comeSeconds * 1000).unref();
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
  let known = false;
  let synced = false;
  for (;;) {
    const [name = "", ...rest] = ((await wire.value()) as string[]).map(String);
    // An empty line says that it lives, while it loads what it got. From there on an answer would be a command to it,
    // and one that it does not know makes it end the connection.
    if (synced || name === "") continue;
    if (name.toUpperCase() === "AUTH") known = rest.at(-1) === secret;
    // A stranger is told nothing, and Redis that comes back with the secret finds the door open.
    if (!known && name.toUpperCase() !== "PING") wire.socket.write("-NOAUTH\r\n");
    else if (name.toUpperCase() === "PING") wire.socket.write(known ? "+PONG\r\n" : "-NOAUTH\r\n");
    else if (name.toUpperCase() === "PSYNC") {
      wire.socket.write(`+FULLRESYNC ${randomBytes(20).toString("hex")} 0\r\n$${statSync(file).size}\r\n`);
      for await (const chunk of createReadStream(file)) {
        if (!wire.socket.write(chunk)) await new Promise((resolve) => wire.socket.once("drain", resolve));
      }
      synced = true;
    } else wire.socket.write("+OK\r\n");
  }
}
