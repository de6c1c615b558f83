// Runs shared state, claims and the agent gateway's stream on a real Redis. Proves atomicity, expiry and delivery; not a Redis
// cluster, nor TLS.
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { createDriver } from "../../claims/driver.ts";
import { ClaimError, ClaimStore, partSize } from "../../claims/store.ts";
import { closeRedis } from "../../redis/connection.ts";
import { appendToGateway, gatewayGroup, gatewayStream, maxGatewayEntries } from "../../redis/gateway.ts";
import { sharedState } from "../../redis/shared-state.ts";
import { needs } from "../support/engines.ts";
import { TestRedis } from "../support/redis.ts";

const [title, skipped] = needs("with a real Redis", "redis-server");

describe.skipIf(skipped)(title, () => {
  let redis: TestRedis;
  let reader: Redis;

  beforeAll(async () => {
    redis = await TestRedis.start();
    vi.stubEnv("REDIS_URL", redis.url);
    reader = new Redis(redis.url);
  });

  afterAll(async () => {
    reader?.disconnect();
    closeRedis();
    await redis?.dispose();
  });

  describe("shared state", () => {
    const counter = sharedState("counter", z.object({ count: z.number() }), 60_000);

    test("is undefined until it is written, then reads as written", async () => {
      expect(await counter.get("a")).toBeUndefined();
      await counter.set("a", { count: 1 });
      expect(await counter.get("a")).toEqual({ count: 1 });
    });

    test("loses none of many concurrent updates", async () => {
      const update = () => counter.update("b", ({ count } = { count: 0 }) => ({ count: count + 1 }));
      await Promise.all(Array.from({ length: 40 }, update));
      expect(await counter.get("b")).toEqual({ count: 40 });
    });

    test("expires", async () => {
      const short = sharedState("short", z.number(), 50);
      await short.set("a", 1);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(await short.get("a")).toBeUndefined();
    });

    test("rejects a value that does not match the schema and names the field", async () => {
      await sharedState("counter", z.object({ count: z.string() }), 60_000).set("c", { count: "many" });
      await expect(counter.get("c")).rejects.toThrow(/inngest:state:counter:c does not match its schema \(count: /);
    });
  });

  describe("claims in Redis", () => {
    test("are read as stored, and expire", async () => {
      const store = new ClaimStore(await createDriver(new URL(redis.url)));
      const data = Buffer.alloc(partSize + 10, "x");
      const claim = await store.put("run.data", data, { lifetimeMs: 0 });
      expect((await store.read(claim)).equals(data)).toBe(true);
      expect(await store.removeExpired(new Date(Date.now() + 2 * 3_600_000))).toBe(2);
      await expect(store.read(claim)).rejects.toThrow(ClaimError);
      await store.dispose();
    });
  });

  describe("the agent gateway's stream", () => {
    const entry = (n: number) => ({ id: `event-${n}`, name: "task/completed", ts: n, data: { n } });

    test("has its group from the first entry on, so that a later reader misses nothing", async () => {
      await appendToGateway(entry(0));
      expect(await readGroup(reader, "late", 10)).toEqual([["event-0", expect.any(String)]]);
    });

    test("loses nothing when a consumer dies with pending entries", async () => {
      for (let n = 1; n <= 20; n++) await appendToGateway(entry(n));
      const pendingEntries = await readGroup(reader, "dies", 7);
      expect(pendingEntries).toHaveLength(7);

      const done: string[] = [];
      const [, claimed] = (await reader.xautoclaim(gatewayStream, gatewayGroup, "lives", 0, "0")) as [
        string,
        RawEntry[],
      ];
      for (const [id, event] of [...claimed.map(idsOf), ...(await readGroup(reader, "lives", 100))].map(swap)) {
        done.push(event);
        await reader.xack(gatewayStream, gatewayGroup, id);
      }
      for (let n = 1; n <= 20; n++) expect(done).toContain(`event-${n}`);
      const [pending] = (await reader.xpending(gatewayStream, gatewayGroup)) as [number];
      expect(pending).toBe(0);
    });

    test("keeps about maxGatewayEntries entries", async () => {
      for (let n = 0; n < maxGatewayEntries + 500; n += 100) {
        await Promise.all(Array.from({ length: 100 }, (_, more) => appendToGateway(entry(n + more))));
      }
      const length = await reader.xlen(gatewayStream);
      expect(length).toBeGreaterThanOrEqual(maxGatewayEntries);
      expect(length).toBeLessThan(maxGatewayEntries + 300);
    });
  });
});

type RawEntry = [id: string, fields: string[]];

function idsOf([id, fields]: RawEntry): [event: string, id: string] {
  return [fields[fields.indexOf("id") + 1] ?? "", id];
}

function swap([event, id]: [string, string]): [string, string] {
  return [id, event];
}

async function readGroup(reader: Redis, consumer: string, count: number): Promise<[event: string, id: string][]> {
  const answer = await reader.xreadgroup(
    "GROUP",
    gatewayGroup,
    consumer,
    "COUNT",
    count,
    "STREAMS",
    gatewayStream,
    ">",
  );
  const [[, entries] = [undefined, []]] = (answer ?? []) as [string, RawEntry[]][];
  return entries.map(idsOf);
}
