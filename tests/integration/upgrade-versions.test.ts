// Real servers of two versions, process tier, with a Redis of its user's: from each older version to this one and, when
// this one does not work after it has taken the database over, back. The older server is a program `inngest-VERSION` on
// PATH, as .github/scripts/older-servers.sh puts it there. Does not prove other tiers, Postgres, nor other versions.
import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { numberOf } from "../../cli/upgrade/server-version.ts";
import { locate, onPath } from "../../lib/host/programs.ts";
import { durableWorker, marks, startFiveRuns } from "../../tools/durable-worker.ts";
import { missing, title } from "../../tools/engine.ts";
import { OwnRedis } from "../../tools/own-redis.ts";
import { eventually, TestStack } from "../../tools/test-stack.ts";

/** The oldest that this project works with, and the one before this. */
const versions = readFileSync("tests/fixtures/older-servers", "utf8").trim().split("\n");
const absent = versions.map((version) => `inngest-${version}`).filter((program) => !onPath(program));
const reason =
  (await missing("pulumi", "inngest", "redis")) ??
  (absent.length > 0 ? `PATH has no ${absent.join(" and no ")}` : undefined);

/** Every run ends, and no step that had an end is made again. */
async function allEnd(stack: TestStack, prefix: string): Promise<void> {
  await eventually(120_000, async () => {
    const there = marks(stack);
    const open = [0, 1, 2, 3, 4].filter((run) => !there[`${prefix}${run} b`]);
    if (open.length > 0) throw new Error(`not ended: ${open.join(", ")}; ${JSON.stringify(there)}`);
  });
  expect(Object.entries(marks(stack)).filter(([mark, times]) => / [ab]$/.test(mark) && times !== 1)).toEqual([]);
}

/** This server, which says in a file what its process is. */
function tellingServer(stack: TestStack): { binary: string; pid: () => number } {
  const binary = join(stack.home, "inngest-telling");
  const file = `${binary}.pid`;
  writeFileSync(binary, `#!/bin/sh\n[ "$1" = version ] || echo $$ >${file}\nexec inngest "$@"\n`);
  chmodSync(binary, 0o755);
  return { binary, pid: () => Number(readFileSync(file, "utf8")) };
}

describe.skipIf(reason)(title("upgrade out of another version", reason), () => {
  test.concurrent.each(versions)(
    "%s: back to it, and then to this one, with runs in flight",
    async (version) => {
      const now = numberOf(execFileSync("inngest", ["version"], { encoding: "utf8" }));
      const old = onPath(`inngest-${version}`) as string;
      const stack = await TestStack.create("dev", { serverBinary: old });
      const redis = await OwnRedis.start(stack.home);
      try {
        stack.set("workerDir", durableWorker(stack.home));
        await stack.setSecret("redisUrl", redis.url);
        await stack.up();

        await startFiveRuns(stack, 30, "back-");
        const { binary, pid } = tellingServer(stack);
        const failing = stack.command("upgrade", "--to", now, "--binary", binary);
        let said = "";
        failing.all?.on("data", (chunk) => {
          const wasChecked = said.includes("Checking ");
          said += chunk;
          if (!wasChecked && said.includes("Checking ")) process.kill(pid(), "SIGKILL");
        });
        const { exitCode: failed } = await failing;
        expect(failed, said).toBe(1);
        expect(said).toMatch(new RegExp(`stack \\S+ is at ${version} again, and works\\. Backup \\S+\\.tar\\.gz\\n$`));
        expect(stack.settingsText()).toContain(old);
        await allEnd(stack, "back-");

        const before = (await (await stack.api()).runs(100)).map(({ id }) => id);
        await startFiveRuns(stack, 20, "to-");
        const { exitCode, all } = await stack.command("upgrade", "--to", now, "--binary", locate({ kind: "inngest" }));
        expect(exitCode, String(all)).toBe(0);
        expect(String(all)).toMatch(new RegExp(`Stack \\S+ is at server ${now}; it was ${version}\\.`));
        stack.keepSettings();
        const after = (await (await stack.api()).runs(100)).map(({ id }) => id);
        expect(after).toEqual(expect.arrayContaining(before));
        await allEnd(stack, "to-");
      } finally {
        await stack.remove();
        redis.stop();
      }
    },
    600_000,
  );
});
