import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { createDriver } from "../../claims/driver.ts";
import { ClaimError, ClaimStore, PART_SIZE } from "../../claims/store.ts";
import { closeRedis } from "../../redis/connection.ts";
import { appendToGateway, GATEWAY_GROUP, GATEWAY_LENGTH, GATEWAY_STREAM } from "../../redis/gateway.ts";
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

    test("is read as it was written, and is undefined before", async () => {
      expect(await counter.get("a")).toBeUndefined();
      await counter.set("a", { count: 1 });
      expect(await counter.get("a")).toEqual({ count: 1 });
    });

    test("loses no update when many come at once", async () => {
      const update = () => counter.update("b", ({ count } = { count: 0 }) => ({ count: count + 1 }));
      await Promise.all(Array.from({ length: 40 }, update));
      expect(await counter.get("b")).toEqual({ count: 40 });
    });

    test("ends", async () => {
      const short = sharedState("short", z.number(), 50);
      await short.set("a", 1);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(await short.get("a")).toBeUndefined();
    });

    test("of another shape is refused with the field named", async () => {
      await sharedState("counter", z.object({ count: z.string() }), 60_000).set("c", { count: "many" });
      await expect(counter.get("c")).rejects.toThrow(
        /inngest:state:counter:c has another shape than declared \(count: /,
      );
    });
  });

  describe("claims in Redis", () => {
    test("come back as they were, and expire", async () => {
      const store = new ClaimStore(await createDriver(new URL(redis.url)));
      const data = Buffer.alloc(PART_SIZE + 10, "x");
      const claim = await store.put("run.data", data, { lifetime: 0 });
      expect((await store.read(claim)).equals(data)).toBe(true);
      expect(await store.removeExpired(new Date(Date.now() + 2 * 3_600_000))).toBe(2);
      await expect(store.read(claim)).rejects.toThrow(ClaimError);
      await store.dispose();
    });
  });

  describe("the gateway's stream", () => {
    const entry = (n: number) => ({ id: `event-${n}`, name: "task/completed", ts: n, data: { n } });

    test("has its group from the first entry on, so a reader that comes later misses nothing", async () => {
      await appendToGateway(entry(0));
      expect(await readGroup(reader, "late", 10)).toEqual([["event-0", expect.any(String)]]);
    });

    test("loses nothing when a consumer dies with entries in its hands", async () => {
      for (let n = 1; n <= 20; n++) await appendToGateway(entry(n));
      const inHands = await readGroup(reader, "dies", 7);
      expect(inHands).toHaveLength(7);

      const done: string[] = [];
      const [, claimed] = (await reader.xautoclaim(GATEWAY_STREAM, GATEWAY_GROUP, "lives", 0, "0")) as [
        string,
        RawEntry[],
      ];
      for (const [id, event] of [...claimed.map(idsOf), ...(await readGroup(reader, "lives", 100))].map(swap)) {
        done.push(event);
        await reader.xack(GATEWAY_STREAM, GATEWAY_GROUP, id);
      }
      for (let n = 1; n <= 20; n++) expect(done).toContain(`event-${n}`);
      const [pending] = (await reader.xpending(GATEWAY_STREAM, GATEWAY_GROUP)) as [number];
      expect(pending).toBe(0);
    });

    test("keeps to about its length", async () => {
      for (let n = 0; n < GATEWAY_LENGTH + 500; n += 100) {
        await Promise.all(Array.from({ length: 100 }, (_, more) => appendToGateway(entry(n + more))));
      }
      const length = await reader.xlen(GATEWAY_STREAM);
      expect(length).toBeGreaterThanOrEqual(GATEWAY_LENGTH);
      expect(length).toBeLessThan(GATEWAY_LENGTH + 300);
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
    GATEWAY_GROUP,
    consumer,
    "COUNT",
    count,
    "STREAMS",
    GATEWAY_STREAM,
    ">",
  );
  const [[, entries] = [undefined, []]] = (answer ?? []) as [string, RawEntry[]][];
  return entries.map(idsOf);
}
