// Real Pulumi CLI, server, Redis and worker. The other version of the server is the same one under another number, or
// one that does not start: this proves the steps, the way back and that work goes on over a change of server. Servers
// of other versions are upgrade-versions.test.ts'.
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { releaseOf } from "../../lib/engines/release.ts";
import { locate } from "../../lib/host/programs.ts";
import { finished, marks, statuses } from "../../tools/durable-worker.ts";
import { missing, title } from "../../tools/engine.ts";
import { stackWithQueue } from "../../tools/own-redis.ts";
import { eventually, type TestStack } from "../../tools/test-stack.ts";
import { archiveOf, Vendor } from "../support/vendor.ts";

const reason = await missing("pulumi", "inngest", "redis");

describe.skipIf(reason)(title("upgrade, process tier", reason), () => {
  let stack: TestStack;
  let vendor: Vendor;
  beforeAll(async () => {
    ({ stack } = await stackWithQueue());
    vendor = await Vendor.start();
    stack.environment.INNGEST_LOCAL_MIRROR = vendor.address;
  });
  afterAll(async () => {
    await stack.remove();
    vendor.stop();
  });

  /** A server that calls itself `version`, and on `start` does what `start` says. */
  const server = (version: string, start = `exec ${locate({ kind: "inngest" })} "$@"`): string => {
    const path = join(stack.home, `inngest-${version}`);
    writeFileSync(path, `#!/bin/sh\nif [ "$1" = version ]; then echo ${version}; else ${start}; fi\n`);
    chmodSync(path, 0o755);
    return path;
  };
  const upgrade = (to: string, ...flags: string[]) => stack.command("upgrade", "--to", to, ...flags);

  test.each([
    ["next", /^--to must be a version such as 1\.\d+\.\d+, got "next"$/],
    ["1.2.3", /^--to must be 1\.40\.0 or newer, the first that lists its apps, got 1\.2\.3$/],
    ["1.40.0", /^--to must not be older than the server, which is 1\.\d+\.\d+: its database only goes forward/],
  ])("the version %s is refused before anything changes", async (version, complaint) => {
    const { exitCode, all } = await upgrade(version);
    expect([exitCode, String(all)]).toEqual([2, expect.stringMatching(complaint)]);
  });

  test("a binary of another version than it should be is refused", async () => {
    const { exitCode, all } = await upgrade("7.0.0", "--binary", server("7.0.1"));
    expect(exitCode).toBe(1);
    expect(String(all)).toMatch(/must be the server 7\.0\.0, and it says "7\.0\.1"$/);
  });

  test("a version that cannot be fetched is refused before anything changes", async () => {
    const { exitCode, all } = await upgrade("7.0.0");
    expect(exitCode).toBe(1);
    expect(String(all)).toContain("the Inngest server 7.0.0 is not on this machine and cannot be fetched (http");
    expect(String(all)).not.toContain("Backup");
  });

  test("a version that does not start is gone back from, and runs in flight end", async () => {
    const api = await stack.api();
    const data = { run: "over", seconds: 12 };
    await api.send((await stack.outputs()).eventKey, { name: "durable/asleep", data });
    await eventually(10_000, async () => expect(marks(stack)).toEqual({ "over a": 1 }));
    const { exitCode, all } = await upgrade("8.0.0", "--binary", server("8.0.0", "exit 3"));
    expect(exitCode).toBe(1);
    expect(String(all)).toMatch(/Version 8\.0\.0 does not work here \(it does not come up/);
    expect(String(all)).toMatch(/stack \S+ is at 1\.\d+\.\d+ again, and works\. Backup \S+\.tar\.gz$/);
    expect(stack.settingsText()).not.toContain("serverBinary");
    await eventually(40_000, async () => expect(finished(stack)).toBe(1));
    expect(marks(stack)).toEqual({ "over a": 1, "over b": 1 });
  });

  test("an upgrade that is killed goes on where it was, and another one has to wait for that", async () => {
    const { version, checksums, file } = releaseOf("inngest", "9.0.0");
    const archive = await archiveOf({ inngest: readFileSync(server(version)) });
    vendor.publish(`/inngest/${version}`, checksums, file, archive);
    const killed = upgrade("9.0.0");
    await eventually(40_000, async () => expect(stack.settingsText()).toContain("serverBinary"));
    process.kill(-(killed.pid as number), "SIGKILL");
    await killed;
    const other = await upgrade("9.1.0");
    expect(other.exitCode).toBe(2);
    expect(String(other.all)).toMatch(/an upgrade of stack \S+ to 9\.0\.0 is under way\. Remedy: --to 9\.0\.0/);
    const { exitCode, all } = await upgrade("9.0.0");
    expect(exitCode, String(all)).toBe(0);
    expect(stack.settingsText()).toContain("/inngest-local/engines/inngest/9.0.0/inngest");
    expect(String(all)).toMatch(/Stack \S+ is at server 9\.0\.0; it was 1\.\d+\.\d+\. Backup \S+\.tar\.gz$/);
    expect(await statuses(stack)).toEqual(["COMPLETED"]);
    expect((await upgrade("9.0.0")).all).toMatch(/^Stack \S+ is at server 9\.0\.0 already\.$/);
  });
});
