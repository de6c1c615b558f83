import type { Redis } from "ioredis";
import { withRedis } from "./connection.ts";

/** The stream that an agent gateway reads; README.md says how. */
export const gatewayStream = "inngest:gateway";
/** The consumer group, created with the first entry, so that the first reader misses nothing. */
export const gatewayGroup = "gateway";
/** Approximate number of entries kept; older ones are removed, read or not. */
export const maxGatewayEntries = 10_000;

export interface GatewayEntry {
  /** The event's id, by which readers recognize an event that was appended twice. */
  id: string;
  name: string;
  /** When the event happened, in milliseconds since 1970. */
  ts: number;
  data: unknown;
}

/** Appends an event to the stream and returns the entry's id. */
export function appendToGateway(entry: GatewayEntry): Promise<string | null> {
  const { id, name, ts, data } = entry;
  const fields = ["id", id, "name", name, "ts", String(ts), "data", JSON.stringify(data)];
  return withRedis(async (redis) => {
    await createGroup(redis);
    return redis.xadd(gatewayStream, "MAXLEN", "~", maxGatewayEntries, "*", ...fields);
  });
}

async function createGroup(redis: Redis): Promise<void> {
  await redis.xgroup("CREATE", gatewayStream, gatewayGroup, "0", "MKSTREAM").catch((error: Error) => {
    if (!error.message.startsWith("BUSYGROUP")) throw error;
  });
}
