import { NonRetriableError } from "inngest";
import { Redis } from "ioredis";
import { settings } from "../environment.ts";
import { log } from "../log.ts";

/** How long one command may wait for Redis, in milliseconds, before its step fails and is retried by the server. */
const COMMAND_TIMEOUT = 5_000;

interface Connection {
  redis: Redis;
  /** Why Redis is away, or undefined while it is there. */
  away: string | undefined;
}

const connections = new Map<string, Connection>();

/**
 * Does something with the Redis that `REDIS_URL` names. The connection is opened once and comes back by itself, for ever.
 *
 * @throws NonRetriableError when `REDIS_URL` is not set
 * @throws Error when Redis is away; the step may be tried again
 */
export async function withRedis<T>(run: (redis: Redis) => Promise<T>): Promise<T> {
  const connection = connect();
  try {
    return await run(connection.redis);
  } catch (error) {
    if (!connection.away) throw error;
    throw new Error(`Redis at REDIS_URL is away: ${connection.away}`, { cause: error });
  }
}

/** Opens the connection to `REDIS_URL` when it is not open yet. @throws NonRetriableError when `REDIS_URL` is not set */
export function connect(): Connection {
  const { redisUrl } = settings();
  if (!redisUrl) {
    throw new NonRetriableError(
      "REDIS_URL is not set, and shared state and the gateway need Redis: set it to a redis:// address and start the worker again.",
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

function open(redisUrl: string): Connection {
  const redis = new Redis(redisUrl, {
    commandTimeout: COMMAND_TIMEOUT,
    maxRetriesPerRequest: 1,
    retryStrategy: (tries) => Math.min(tries * 200, 5_000),
  });
  const connection: Connection = { redis, away: undefined };
  // Said once when it goes and once when it comes back, not with every try.
  redis.on("error", (error) => {
    const reason = error.message || error.name;
    if (!connection.away) log("warn", "redis is away", { error: reason });
    connection.away = reason;
  });
  redis.on("ready", () => {
    if (connection.away) log("info", "redis is back");
    connection.away = undefined;
  });
  return connection;
}
