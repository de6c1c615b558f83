// Real Pulumi CLI, server, Redis and worker; the server's folder is a file system of 24 MB. Does not prove: a full disk
// under Redis, which refuses writes by its own rules, or one that is full while the server starts for the first time.
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { endCodes } from "../../lib/data/run-status.ts";
import { durableWorker, finished, marks, startFiveRuns } from "../../tools/durable-worker.ts";
import { missing, title } from "../../tools/engine.ts";
import { OwnRedis } from "../../tools/own-redis.ts";
import { eventually, TestStack } from "../../tools/test-stack.ts";
import { SmallDisk } from "../support/small-disk.ts";

const reason =
  (await missing("pulumi", "inngest", "redis")) ??
  (process.getuid?.() === 0 && process.platform === "linux" ? undefined : "a small file system needs Linux and root");

describe.skipIf(reason)(title("a full disk, process tier", reason), () => {
  let stack: TestStack;
  let redis: OwnRedis;
  let disk: SmallDisk | undefined;
  beforeAll(async () => {
    stack = await TestStack.create("dev");
    redis = await OwnRedis.start(stack.home);
    disk = SmallDisk.mount(join(stack.dataFolder, "server"), 24);
    stack.set("workerDir", durableWorker(stack.home));
    stack.set("retention", "off");
    await stack.setSecret("redisUrl", redis.url);
    await stack.up();
  });
  afterAll(async () => {
    disk?.free();
    await stack.destroy();
    disk?.unmount();
    await stack.remove();
    redis.stop();
  });

  const history = () => join(stack.dataFolder, "server", "main.db");
  const withHistory = <T>(use: (database: DatabaseSync) => T): T => {
    const database = new DatabaseSync(history(), { timeout: 5000 });
    try {
      return use(database);
    } finally {
      database.close();
    }
  };
  const damage = () =>
    withHistory((database) => database.prepare("PRAGMA integrity_check").all()).map((row) => Object.values(row)[0]);
  /** With an empty log of SQLite's, which it could write into without more room. */
  const fill = (full: SmallDisk) => {
    withHistory((database) => database.exec("PRAGMA wal_checkpoint(TRUNCATE)"));
    full.fill();
  };
  const send = async (run: string) => {
    const api = await stack.api();
    await api.send((await stack.outputs()).eventKey, { name: "durable/asleep", data: { run, seconds: 0 } });
  };
  const serverLog = () => readFileSync(join(stack.dataFolder, "logs", "server.log"), "utf8");

  test("the server reports it, keeps the history intact, and continues when there is room", async (context) => {
    if (!disk) return context.skip("a small file system cannot be mounted here");
    await startFiveRuns(stack, 8);
    fill(disk);
    // An event is accepted before it is written down.
    await send("while full").catch(() => undefined);
    await eventually(20_000, async () => expect(serverLog()).toMatch(/database or disk is full/));
    expect(damage()).toEqual(["ok"]);
    disk.free();
    await eventually(30_000, async () => {
      await send("afterwards");
      expect(marks(stack)).toHaveProperty("afterwards b");
    });
    await eventually(60_000, async () => expect(finished(stack)).toBeGreaterThanOrEqual(6));
    const repeated = Object.entries(marks(stack)).filter(
      ([mark, count]) => /^\d/.test(mark) && !mark.endsWith("slow-begins") && count > 1,
    );
    expect(repeated).toEqual([]);
    expect(damage()).toEqual(["ok"]);
  });

  test("the janitor reports it, keeps the history intact, and sweeps when there is room", async (context) => {
    if (!disk) return context.skip("a small file system cannot be mounted here");
    const request = join(stack.home, "request.json");
    writeFileSync(request, JSON.stringify({ database: history(), queueUrl: redis.url, days: 1e-9 }));
    /** Runs with an end; one whose end a full disk has dropped stays. */
    const rows = () =>
      withHistory((database) =>
        Number(database.prepare(`SELECT count(*) AS n FROM trace_runs WHERE status IN (${endCodes})`).get()?.n),
      );
    // What the server notes of a run while the disk is full never comes into the history.
    await eventually(90_000, async () => {
      await send("before");
      expect(rows()).toBeGreaterThan(5);
    });
    fill(disk);
    const janitor = spawn(process.execPath, ["runtime/janitor.ts", request], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [janitor.stdout, janitor.stderr])
      stream.setEncoding("utf8").on("data", (text) => (said += text));
    try {
      await eventually(20_000, async () =>
        expect(said).toContain(
          `sweep failed; next attempt in 10 s: no room is left in ${join(stack.dataFolder, "server")}, and SQLite needs some to remove rows; the history is intact. Remedy: free some megabytes there; the next sweep continues`,
        ),
      );
      expect(damage()).toEqual(["ok"]);
      disk.free();
      await eventually(60_000, async () => {
        expect(said).toMatch(/"rows":\{/);
        expect(said).toMatch(
          /warning: only 0\.0 GB free on the disk of the history, which takes 0\.0 GB\. Remedy: free some disk space/,
        );
      });
      expect(rows()).toBeLessThan(5);
      expect(damage()).toEqual(["ok"]);
    } finally {
      janitor.kill();
    }
    expect(existsSync(history())).toBe(true);
    await send("at last");
    await eventually(20_000, async () => expect(marks(stack)).toHaveProperty("at last b"));
  });
});
