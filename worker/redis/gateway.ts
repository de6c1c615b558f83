import type { Redis } from "ioredis";
import { withRedis } from "./connection.ts";

/** The stream that an agent gateway reads; see README.md for how. */
export const GATEWAY_STREAM = "inngest:gateway";
/** The consumer group that is there from the beginning, so that nothing is missed before the first reader comes. */
export const GATEWAY_GROUP = "gateway";
/** About how many entries are kept; older ones go, read or not. */
export const GATEWAY_LENGTH = 10_000;

/** What an entry of the stream holds. */
export interface GatewayEntry {
  /** The event's id: the same event may be appended twice, and a reader tells so by it. */
  id: string;
  name: string;
  /** When the event happened, in milliseconds since 1970. */
  ts: number;
  data: unknown;
}

/** Appends an event, and gives the entry's own id in the stream. */
export function appendToGateway(entry: GatewayEntry): Promise<string | null> {
  const { id, name, ts, data } = entry;
  const fields = ["id", id, "name", name, "ts", String(ts), "data", JSON.stringify(data)];
  return withRedis(async (redis) => {
    await createGroup(redis);
    return redis.xadd(GATEWAY_STREAM, "MAXLEN", "~", GATEWAY_LENGTH, "*", ...fields);
  });
}

async function createGroup(redis: Redis): Promise<void> {
  await redis.xgroup("CREATE", GATEWAY_STREAM, GATEWAY_GROUP, "0", "MKSTREAM").catch((error: Error) => {
    if (!error.message.startsWith("BUSYGROUP")) throw error;
  });
}
