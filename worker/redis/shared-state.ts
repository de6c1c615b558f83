import { NonRetriableError } from "inngest";
import type { z } from "zod";
import { withRedis } from "./connection.ts";

/** How often an update is tried again when others changed the value meanwhile. */
const UPDATE_TRIES = 50;

/** Sets a key only when it still has the value that was read; an empty text stands for "not there". */
const COMPARE_AND_SET = `
  local current = redis.call("GET", KEYS[1]) or ""
  if current ~= ARGV[1] then return 0 end
  redis.call("SET", KEYS[1], ARGV[2], "PX", ARGV[3])
  return 1
`;

/** A value that functions and workers share, with a type and an end. */
export interface SharedState<T> {
  /** The value, or undefined when it was never set or has expired. */
  get(key: string): Promise<T | undefined>;
  set(key: string, value: T): Promise<void>;
  /**
   * Changes the value as if nobody else were doing so: when somebody is, `change` runs again on the newer value. It must
   * therefore do nothing else than compute.
   *
   * @returns the value that was written
   */
  update(key: string, change: (current: T | undefined) => T): Promise<T>;
}

/**
 * Shared state under one name in Redis.
 *
 * @param lifetime in milliseconds after the last write
 * @throws NonRetriableError from every operation when `REDIS_URL` is not set, or when a stored value has another shape
 */
export function sharedState<T>(name: string, schema: z.ZodType<T>, lifetime: number): SharedState<T> {
  const keyOf = (key: string) => `inngest:state:${name}:${key}`;
  const parse = (key: string, text: string | null): T | undefined => {
    if (!text) return undefined;
    const parsed = schema.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw new NonRetriableError(
      `Shared state ${keyOf(key)} has another shape than declared (${issue?.path.join(".")}: ${issue?.message}): delete it or change its name.`,
    );
  };
  return {
    get: async (key) => parse(key, await withRedis((redis) => redis.get(keyOf(key)))),
    async set(key, value) {
      await withRedis((redis) => redis.set(keyOf(key), JSON.stringify(value), "PX", lifetime));
    },
    async update(key, change) {
      for (let tries = 0; tries < UPDATE_TRIES; tries++) {
        const current = await withRedis((redis) => redis.get(keyOf(key)));
        const next = change(parse(key, current));
        const args = [keyOf(key), current ?? "", JSON.stringify(next), lifetime];
        const written = await withRedis((redis) => redis.eval(COMPARE_AND_SET, 1, ...args));
        if (written === 1) return next;
      }
      throw new Error(`Shared state ${keyOf(key)} was changed by others during each of ${UPDATE_TRIES} tries.`);
    },
  };
}
