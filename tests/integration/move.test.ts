// Real Pulumi CLI, server, Redis, Docker engine and worker: from a process to containers, on the same ports. Does not
// prove: a move to another machine, which is a backup and a restore.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { docker, leftovers } from "../support/containers.ts";
import { durableWorker, finished, marks, startFiveRuns, statuses } from "../support/durable-worker.ts";
import { missing, title } from "../support/engine.ts";
import { OwnRedis } from "../support/own-redis.ts";
import { eventually, TestStack } from "../support/test-stack.ts";

const reason = await missing("pulumi", "inngest", "redis", "docker");

describe.skipIf(reason)(title("move, from a process to containers", reason), () => {
  let source: TestStack;
  let target: TestStack;
  let redis: OwnRedis;
  beforeAll(async () => {
    source = await TestStack.create("dev");
    redis = await OwnRedis.start(source.home);
    const workerDir = durableWorker(source.home);
    source.set("workerDir", workerDir);
    await source.setSecret("redisUrl", redis.url);
    await source.up();
    const { port, workerPort } = source;
    target = await TestStack.create(
      "persistent",
      { port: String(port), workerPort: String(workerPort), workerDir },
      source,
    );
    target.writeSettings();
  });
  afterAll(async () => {
    await source.destroy();
    await target.remove();
    for (const volume of leftovers(target.name).volumes) docker("volume", "rm", volume);
    redis.stop();
  });
  const move = (...flags: string[]) =>
    source.projectCommand("move", "--from", source.name, "--to", target.name, ...flags);

  test("a move that is killed in the middle is done by the next one, with keys, history and runs in flight", async () => {
    const before = await source.outputs();
    await startFiveRuns(source, 20);
    const killed = move();
    await eventually(60_000, async () => expect(leftovers(target.name).containers.length).toBeGreaterThan(0));
    process.kill(-(killed.pid as number), "SIGKILL");
    await killed;

    const { exitCode, all } = await move();
    expect(exitCode, String(all)).toBe(0);
    expect(String(all)).toMatch(/Moved 5 runs, 5 of them in flight/);
    expect((await target.outputs()).signingKey).toBe(before.signingKey);
    expect((await target.outputs()).eventKey).toBe(before.eventKey);
    await eventually(90_000, async () => expect(finished(target)).toBe(5));
    const counts = Object.entries(marks(target)).filter(([mark]) => !mark.endsWith("slow-begins"));
    expect(counts.filter(([, count]) => count !== 1)).toEqual([]);
    await eventually(20_000, async () => {
      expect(await statuses(target)).toEqual(Array(5).fill("COMPLETED"));
    });
  });

  test("what has runs of its own is not moved into", async () => {
    const { exitCode, all } = await move("--yes");
    expect(exitCode).toBe(1);
    expect(String(all)).toMatch(/stack \S+ has runs or events of its own, which a move would replace\. Remedy: /);
  });
});
