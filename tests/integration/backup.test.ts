// Real Pulumi CLI, server, Redis and worker; on the Docker tier in containers. Does not prove: databases larger than
// memory, a Redis of other makers, and what a power cut leaves of a file that was just written.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Backup } from "../../cli/lib/backup/take.ts";
import { durableWorker, finished, marks, startFiveRuns, statuses } from "../../tools/durable-worker.ts";
import { missing, title } from "../../tools/engine.ts";
import { stackWithQueue } from "../../tools/own-redis.ts";
import { eventually, TestStack } from "../../tools/test-stack.ts";
import { docker, leftovers } from "../support/containers.ts";

/** Seconds that the runs in flight still have when the backup is taken. */
const asleep = 30;

async function backup(stack: TestStack, ...flags: string[]): Promise<Backup> {
  const { exitCode, stdout, all } = await stack.command("backup", "--json", ...flags);
  expect(exitCode, String(all)).toBe(0);
  return JSON.parse(String(stdout)) as Backup;
}

/** Once each, whatever was killed in between; only a step that was cut off may have begun twice. */
function expectEachStepOnce(stack: TestStack): void {
  const counts = Object.entries(marks(stack)).filter(([mark]) => !mark.endsWith("slow-begins"));
  expect(counts.filter(([, count]) => count !== 1)).toEqual([]);
}

const processReason = await missing("pulumi", "inngest", "redis");

describe.skipIf(processReason)(title("backup and restore, process tier", processReason), () => {
  let stack: TestStack;
  let taken: Backup;
  beforeAll(async () => {
    ({ stack } = await stackWithQueue());
  });
  afterAll(async () => {
    await stack.remove();
  });
  const restore = (file: string, ...flags: string[]) => stack.command("restore", file, ...flags);

  test("a backup under load is one file of what was there at one moment", async () => {
    await startFiveRuns(stack, asleep);
    taken = await backup(stack, "--to", join(stack.home, "backups"));
    expect(readdirSync(join(stack.home, "backups"))).toEqual([taken.file.split("/").at(-1)]);
    expect(taken.counts).toMatchObject({ function_runs: 5 });
    expect(taken.unfinished).toBe(5);
    expect(taken.queue?.keys).toBeGreaterThan(10);
    // The queue is held for less than the server's shortest lease of 4 s.
    expect(taken.held).toBeLessThan(4000);
  });

  test("a stack with newer data is not overwritten", async () => {
    const api = await stack.api();
    await api.send((await stack.outputs()).eventKey, { name: "nobody/listens", data: {} });
    await eventually(10_000, async () => {
      const { exitCode, all } = await restore(taken.file);
      expect(exitCode).toBe(1);
      expect(String(all)).toMatch(
        /stack \S+ has newer data: its last run or event came \S+Z, and the backup shows \S+Z. Remedy: --force, which keeps what it replaces/,
      );
    });
  });

  test.each<[string, (content: Buffer) => Buffer, string]>([
    ["cut off", (content) => content.subarray(0, content.length >> 1), "it is cut off"],
    ["with a flipped bit", flipped(0.4), "it is damaged"],
    ["with a flipped bit in its checksum", flippedInChecksum, "it is damaged (incorrect data check)"],
    ["with a flipped bit elsewhere", flipped(0.8), "it is damaged"],
    ["of something else", () => Buffer.from("no archive ".repeat(200)), "it is not a gzipped tar archive"],
    ["of another program", () => foreignArchive(), "it has no manifest.json of this project"],
    ["that is empty", () => Buffer.alloc(0), "it is not a gzipped tar archive"],
  ])("a backup %s is refused, and nothing changes", async (_, change, reason) => {
    const file = join(stack.home, "bad.tar.gz");
    writeFileSync(file, change(readFileSync(taken.file)));
    const pids = runningPids(stack);
    const { exitCode, all } = await restore(file, "--force");
    expect(exitCode).toBe(1);
    expect(String(all)).toMatch(new RegExp(`^${file} is not a good backup: ${reason.replace(/[().]/g, "\\$&")}`));
    expect(String(all)).toContain("Nothing was changed. Remedy: use another one");
    expect(runningPids(stack)).toEqual(pids);
  });

  test("after everything is gone, a restore brings the keys back and finishes every run in flight", async () => {
    const before = await stack.outputs();
    await stack.destroy();
    rmSync(stack.dataFolder, { recursive: true });
    const { exitCode, all } = await restore(taken.file);
    expect(exitCode, String(all)).toBe(0);
    expect(String(all)).toContain("5 of them in flight");
    const log = readFileSync(join(stack.dataFolder, "logs", "queue.log"), "utf8");
    expect(log).toContain("Finished with success");
    expect(log).not.toContain("Protocol error");
    const after = await stack.outputs();
    expect([after.signingKey, after.eventKey]).toEqual([before.signingKey, before.eventKey]);
    await eventually(90_000, async () => {
      expect(finished(stack)).toBe(5);
    });
    expectEachStepOnce(stack);
    await eventually(20_000, async () => {
      expect(await statuses(stack)).toEqual(Array(5).fill("COMPLETED"));
    });
  });

  test("a full disk gives a clear error and leaves nothing that looks like a backup", async (context) => {
    const folder = join(stack.home, "small");
    mkdirSync(folder);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], { stdio: "pipe" });
    } catch {
      context.skip("a small file system cannot be mounted here");
    }
    try {
      const { exitCode, all } = await stack.command("backup", "--to", folder);
      expect(exitCode).toBe(1);
      expect(String(all)).toBe(
        `no room is left in ${folder}, so there is no backup of stack ${stack.name}. Remedy: make room, or name another folder with --to`,
      );
      expect(readdirSync(folder)).toEqual([]);
      expect(await (await stack.api()).isHealthy()).toBe(true);
    } finally {
      execFileSync("umount", [folder]);
    }
  });
});

const dockerReason = await missing("pulumi", "docker");

describe.skipIf(dockerReason)(title("backup and restore, Docker tier", dockerReason), () => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await TestStack.create("persistent");
    stack.set("workerDir", durableWorker(stack.home));
    await stack.up();
  });
  afterAll(async () => {
    await stack.remove();
    for (const volume of leftovers(stack.name).volumes) docker("volume", "rm", volume);
  });

  test("volumes that are gone come back with every run in flight", async () => {
    await startFiveRuns(stack, asleep);
    const taken = await backup(stack, "--to", join(stack.home, "backups"));
    expect(taken.unfinished).toBe(5);
    await stack.destroy();
    for (const volume of leftovers(stack.name).volumes) docker("volume", "rm", volume);
    rmSync(stack.dataFolder, { recursive: true });
    const { exitCode, all } = await stack.command("restore", taken.file);
    expect(exitCode, String(all)).toBe(0);
    await eventually(90_000, async () => {
      expect(finished(stack)).toBe(5);
    });
    expectEachStepOnce(stack);
    expect(leftovers(stack.name).containers.filter((name) => name.includes("upkeep"))).toEqual([]);
  });
});

/** A copy with one bit changed, at that part of its length. */
function flipped(at: number): (content: Buffer) => Buffer {
  return (content) => {
    const copy = Buffer.from(content);
    const index = Math.floor(copy.length * at);
    copy[index] = (copy[index] as number) ^ 0x10;
    return copy;
  };
}

function foreignArchive(): Buffer {
  return execFileSync("tar", ["-cz", "package.json"], { maxBuffer: 1e7 });
}

function runningPids(stack: TestStack): unknown[] {
  const folder = join(stack.dataFolder, "run");
  return existsSync(folder)
    ? readdirSync(folder)
        .sort()
        .map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")).pid)
    : [];
}

/** The last eight bytes are gzip's CRC and length. */
function flippedInChecksum(content: Buffer): Buffer {
  const copy = Buffer.from(content);
  const index = copy.length - 6;
  copy[index] = (copy[index] as number) ^ 0x10;
  return copy;
}
