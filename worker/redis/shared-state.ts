import { NonRetriableError } from "inngest";
import type { z } from "zod";
import { firstIssueOf } from "../errors.ts";
import { withRedis } from "./connection.ts";

/** How often an update is attempted while others change the value at the same time. */
const maxUpdateAttempts = 50;

/** Sets a key only if it still has the value that was read; an empty text stands for no value. */
const compareAndSet = `
  local current = redis.call("GET", KEYS[1]) or ""
  if current ~= ARGV[1] then return 0 end
  redis.call("SET", KEYS[1], ARGV[2], "PX", ARGV[3])
  return 1
`;

/**
 * Typed values in Redis that functions and workers share, and that expire; `name` separates them from others.
 *
 * Every operation throws a `NonRetriableError` when `REDIS_URL` is not set, or when a stored value does not match the schema.
 *
 * @param lifetimeMs how long a value is kept after the last write
 */
export function sharedState<T>(name: string, schema: z.ZodType<T>, lifetimeMs: number) {
  const keyOf = (key: string) => `inngest:state:${name}:${key}`;
  const parse = (key: string, text: string | null): T | undefined => {
    if (!text) return undefined;
    const parsed = schema.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
    throw new NonRetriableError(
      `Shared state ${keyOf(key)} does not match its schema (${firstIssueOf(parsed.error)}): delete it or change its name.`,
    );
  };
  return {
    /** The value; `undefined` when it was never set or has expired. */
    async get(key: string): Promise<T | undefined> {
      return parse(key, await withRedis((redis) => redis.get(keyOf(key))));
    },
    async set(key: string, value: T): Promise<void> {
      await withRedis((redis) => redis.set(keyOf(key), JSON.stringify(value), "PX", lifetimeMs));
    },
    /**
     * Changes the value atomically. `change` runs again whenever another update came first, so it must have no side effects.
     *
     * @returns the value that was written
     * @throws {Error} when other updates came first too many times
     */
    async update(key: string, change: (current: T | undefined) => T): Promise<T> {
      for (let attempt = 0; attempt < maxUpdateAttempts; attempt++) {
        const current = await withRedis((redis) => redis.get(keyOf(key)));
        const next = change(parse(key, current));
        const args = [keyOf(key), current ?? "", JSON.stringify(next), lifetimeMs];
        const written = await withRedis((redis) => redis.eval(compareAndSet, 1, ...args));
        if (written === 1) return next;
      }
      throw new Error(`Shared state ${keyOf(key)} was changed by others during each of ${maxUpdateAttempts} attempts.`);
    },
  };
}
