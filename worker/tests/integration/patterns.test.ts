// Runs the other functions on a real server with a real Redis. Proves concurrency keys, batches, deduplication and the agent
// gateway's stream; not several workers at once.
import { createHmac } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gatewayGroup, gatewayStream } from "../../redis/gateway.ts";
import { needs, runtimes } from "../support/engines.ts";
import { until } from "../support/processes.ts";
import { TestRedis } from "../support/redis.ts";
import { TestServer } from "../support/server.ts";
import { TestWorker } from "../support/worker.ts";

describe.each(runtimes)("a worker on %s", (runtime) => {
  const [title, skipped] = needs("with a real server and Redis", "inngest", "redis-server", runtime);

  describe.skipIf(skipped)(title, () => {
    let redis: TestRedis;
    let server: TestServer;
    let worker: TestWorker;
    let reader: Redis;

    beforeAll(async () => {
      redis = await TestRedis.start();
      server = await TestServer.start(redis.url);
      const env = { REDIS_URL: redis.url, WEBHOOK_SECRETS: "forge=sesame" };
      worker = await TestWorker.start({ server, runtime, env });
      reader = new Redis(redis.url);
    });

    afterAll(async () => {
      reader?.disconnect();
      await worker?.dispose();
      await server?.dispose();
      await redis?.dispose();
    });

    test("runs changes of one project one at a time by a concurrency key", async () => {
      const projects = ["one", "two"];
      const changes = Array.from({ length: 10 }, (_, n) =>
        projects.map((project) => ({ project, summary: `change ${n}` })),
      );
      await Promise.all(changes.flat().map((data) => server.send("project/changed", data)));
      for (const project of projects) {
        await until(`${project} had all revisions`, async () => {
          const text = await readFile(join(worker.dataDirectory, "projects", `${project}.json`), "utf8");
          return JSON.parse(text).revision === 10;
        });
      }
    });

    test("runs once for a webhook that is delivered twice", async () => {
      const body = JSON.stringify({ action: "opened" });
      const headers = {
        "x-hub-signature-256": `sha256=${createHmac("sha256", "sesame").update(body).digest("hex")}`,
        "x-github-delivery": "d1",
      };
      const deliver = () => fetch(`${worker.origin}/webhooks/forge`, { method: "POST", body, headers });
      expect((await deliver()).status).toBe(202);
      expect((await deliver()).status).toBe(202);
      const stored = join(worker.dataDirectory, "webhooks/forge/d1.json");
      expect(JSON.parse(await until("the webhook was stored", () => readFile(stored, "utf8")))).toEqual({
        action: "opened",
      });
      await server.ended(await server.send("project/changed", { project: "later", summary: "s" }), "update-project");
      expect(await server.runsOfFunction("accept-webhook")).toHaveLength(1);
    });

    test("imports records in batches", async () => {
      const records = Array.from({ length: 30 }, (_, n) =>
        server.send("import/record", { collection: "c", record: { n } }),
      );
      await Promise.all(records);
      const folder = join(worker.dataDirectory, "imports/c");
      const batches = async () => (await readdir(folder)).filter((file) => file.endsWith(".jsonl"));
      const numbers = await until("all records were written", async () => {
        const texts = await Promise.all((await batches()).map((file) => readFile(join(folder, file), "utf8")));
        const lines = texts.flatMap((text) => text.trim().split("\n"));
        return lines.length >= 30 && lines.map((line) => JSON.parse(line).n as number);
      });
      expect(numbers.sort((a, b) => a - b)).toEqual([...Array(30).keys()]);
      expect((await batches()).length).toBeLessThan(5);
    });

    test("appends selected events to the agent gateway's stream and adds to shared totals", async () => {
      const result = { bytes: 10, lines: 1, sha256: "00" };
      const events = Array.from({ length: 10 }, () =>
        server.send("task/completed", { url: "http://somewhere", outputPath: "/x", result }),
      );
      const sent = await Promise.all(events);
      const groups = await until("the group existed", () => reader.xinfo("GROUPS", gatewayStream));
      expect(JSON.stringify(groups)).toContain(gatewayGroup);
      const found = await until("all events were in the stream", async () => {
        const entries = await reader.xrange(gatewayStream, "-", "+");
        const ids = entries.map(([, fields]) => fields[fields.indexOf("id") + 1]);
        return sent.every((id) => ids.includes(id)) && entries;
      });
      expect(found[0]?.[1]).toContain("task/completed");
      await until("the totals were right", async () => {
        const totals = JSON.parse((await reader.get("inngest:state:task-totals:all")) ?? "{}");
        return totals.tasks === 10 && totals.bytes === 100;
      });
    });

    test("reports an unavailable Redis on /healthz until it is available again", async () => {
      await redis.halt();
      const health = await until("the outage was reported", async () => {
        const answer = await worker.health();
        return answer.degraded.some((part) => part.startsWith("redis: ")) && answer;
      });
      expect(health.status).toBe("degraded");
      await redis.boot();
      // A server may exit when its Redis is unavailable for a few seconds; here the test restarts it, elsewhere its supervisor.
      await server.halt("SIGKILL");
      await server.boot();
      await worker.registered(30_000);
    });
  });
});
