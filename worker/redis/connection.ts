import { NonRetriableError } from "inngest";
import { Redis } from "ioredis";
import { settings } from "../environment.ts";
import { log } from "../log.ts";

/** How long one command may take before it fails; the server then retries the step. */
const commandTimeoutMs = 5_000;

interface Connection {
  redis: Redis;
  /** Why Redis is unavailable; `undefined` while it is available. */
  outage: string | undefined;
}

const connections = new Map<string, Connection>();

/**
 * Runs commands on the Redis at `REDIS_URL`. The connection is opened on first use and reconnects automatically.
 *
 * @throws {NonRetriableError} when `REDIS_URL` is not set
 * @throws {Error} when Redis is unavailable; the step is then retried
 */
export async function withRedis<T>(run: (redis: Redis) => Promise<T>): Promise<T> {
  const connection = connect();
  try {
    return await run(connection.redis);
  } catch (error) {
    if (!connection.outage) throw error;
    throw new Error(`Redis at REDIS_URL is unavailable: ${connection.outage}`, { cause: error });
  }
}

/** Opens the connection to `REDIS_URL` unless it is open. @throws {NonRetriableError} when `REDIS_URL` is not set */
export function connect(): Connection {
  const { redisUrl } = settings();
  if (!redisUrl) {
    throw new NonRetriableError(
      "REDIS_URL is not set, but shared state and the agent gateway need Redis: set it to a redis:// address and restart the worker.",
    );
  }
  let connection = connections.get(redisUrl);
  if (!connection) {
    connection = open(redisUrl);
    connections.set(redisUrl, connection);
  }
  return connection;
}

/** Closes every connection; the next use opens a new one. */
export function closeRedis(): void {
  for (const { redis } of connections.values()) redis.disconnect();
  connections.clear();
}

/** ioredis reads no unix:// URL, but the path of a socket. */
function addressOf(redisUrl: string): string {
  return redisUrl.startsWith("unix:") ? decodeURIComponent(new URL(redisUrl).pathname) : redisUrl;
}

function open(redisUrl: string): Connection {
  const redis = new Redis(addressOf(redisUrl), {
    commandTimeout: commandTimeoutMs,
    maxRetriesPerRequest: 1,
    retryStrategy: (attempt) => Math.min(attempt * 200, 5_000),
  });
  const connection: Connection = { redis, outage: undefined };
  // Logged once when Redis becomes unavailable and once when it returns, not with every attempt.
  redis.on("error", (error) => {
    const reason = error.message || error.name;
    if (!connection.outage) log("warn", "redis is unavailable", { error: reason });
    connection.outage = reason;
  });
  redis.on("ready", () => {
    if (connection.outage) log("info", "redis is available again");
    connection.outage = undefined;
  });
  return connection;
}
