// Real Pulumi CLI, server, Redis, Docker engine and worker: from a process to containers, on the same ports. Does not
// prove: a move to another machine, which is a backup and a restore. tests/unit/upkeep-steps.test.ts has every step.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { durableWorker, finished, marks, startFiveRuns, statuses } from "../../tools/durable-worker.ts";
import { missing, title } from "../../tools/engine.ts";
import { eventually, TestStack } from "../../tools/test-stack.ts";
import { docker, leftovers } from "../support/containers.ts";

const reason = await missing("pulumi", "inngest", "redis", "docker");

describe.skipIf(reason)(title("move, from a process to containers", reason), () => {
  let source: TestStack;
  let target: TestStack;
  beforeAll(async () => {
    source = await TestStack.create("dev");
    const workerDir = durableWorker(source.home);
    source.set("workerDir", workerDir);
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
  });
  const move = (...flags: string[]) =>
    source.projectCommand("move", "--from", source.name, "--to", target.name, ...flags);

  /** Starts a move and kills it, Pulumi's CLI with it, as soon as it says so. Returns the step on disk. */
  const killedAt = async (line: RegExp): Promise<string> => {
    const killed = move();
    const seen = new Promise<void>((resolve) => {
      let said = "";
      killed.all?.on("data", (text) => {
        said += text;
        if (line.test(said)) resolve();
      });
      killed.finally(resolve);
    });
    await seen;
    process.kill(-(killed.pid as number), "SIGKILL");
    const { all } = await killed;
    expect(String(all)).toMatch(line);
    const folder = join(source.home, "data", "inngest-local", "upkeep");
    return JSON.parse(readFileSync(join(folder, `move-${source.name}-${target.name}.json`), "utf8")).step;
  };

  test("a move killed at step after step is done by the next one, with keys, history and runs in flight", async () => {
    const before = await source.outputs();
    await startFiveRuns(source, 20);
    expect(await killedAt(/^Copying the data of /m)).toBe("begun");
    expect(await killedAt(/^Replacing the data of /m)).toBe("begun");
    // The target has other keys as long as it has not the source's data.
    const early = await fetch(`${before.eventUrl}/${before.eventKey}`, {
      method: "POST",
      body: JSON.stringify({ name: "nobody/listens", data: {} }),
      signal: AbortSignal.timeout(5000),
    }).catch(() => undefined);
    expect(early?.status).not.toBe(200);
    expect(await killedAt(/^Bringing \S+ up with the keys of /m)).toBe("placed");

    const { exitCode, all } = await move();
    expect(exitCode, String(all)).toBe(0);
    expect(String(all)).not.toContain("Moved");
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
