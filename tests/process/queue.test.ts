// Proves that a queue is found, started and read on this machine, with the exact texts where it cannot be, by stand-ins for
// its program and by the real one where it is installed. Does not prove what the server makes of it:
// tests/integration/process-tier.test.ts.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { firstQueueNotice, missingQueue } from "../../cli/lib/missing-queue.ts";
import { Redis } from "../../lib/data/redis.ts";
import { locate, onPath, queueInstallation } from "../../lib/host/programs.ts";
import { findQueue, queueSocket, queueUrlIn } from "../../lib/host/queue.ts";
import type { DesiredService } from "../../lib/host/service.ts";
import { StackParts } from "../../lib/places/places.ts";
import { renderRedisArguments } from "../../lib/render/redis-conf.ts";
import { Home } from "../support/host.ts";
import { settingsWith } from "../support/live-stack.ts";

let home: Home;
beforeEach(() => {
  home = new Home();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await home.dispose();
});

const says = (version: string) => `echo "${version} sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=0"`;
const useAlone = (...folders: string[]) => vi.stubEnv("PATH", folders.join(":"));

describe("the program of a queue", () => {
  test("is valkey-server before redis-server, and one that is too old is passed over", () => {
    const old = home.command("valkey-server", says("Valkey server v=6.9.9"));
    const redis = home.command("redis-server", says("Redis server v=7.0.15"));
    useAlone(old, redis);
    expect(locate({ kind: "queue" })).toBe(join(redis, "redis-server"));
    const valkey = home.command("valkey-server", says("Valkey server v=8.1.4"));
    useAlone(redis, valkey);
    expect(locate({ kind: "queue" })).toBe(join(valkey, "valkey-server"));
  });

  test("that is too old is named, with its version", () => {
    const redis = join(home.command("redis-server", says("Redis server v=6.0.16")), "redis-server");
    const brew = home.command("brew", "exit 1");
    useAlone(dirname(redis), brew);
    expect(() => locate({ kind: "queue" })).toThrow(
      "no program for a queue: `queueBinary` is not set, and PATH has no valkey-server or redis-server of 7.0.0 or newer " +
        `(${redis} says "Redis server v=6.0.16"). ` +
        "Remedy: brew install valkey, or pulumi config set queueBinary /path/to/valkey-server",
    );
    const remedy = "Remedy: pulumi config set queueBinary /path/to/valkey-server, or pulumi config rm queueBinary";
    expect(() => locate({ kind: "queue", binary: redis })).toThrow(
      `\`queueBinary\` must be Valkey, or Redis 7.0.0 or newer, and "${redis}" says "Redis server v=6.0.16". ${remedy}`,
    );
    expect(() => locate({ kind: "queue", binary: "/nowhere/valkey-server" })).toThrow(
      `\`queueBinary\` must be an executable file, got "/nowhere/valkey-server". ${remedy}`,
    );
    const other = join(home.command("other", "echo hello"), "other");
    expect(() => locate({ kind: "queue", binary: other })).toThrow(
      `\`queueBinary\` must be Valkey, or Redis 7.0.0 or newer, and "${other}" says "". ${remedy}`,
    );
  });

  const candidates = (valkey: string, redis: string) =>
    `case "$2" in valkey-server) echo "  Candidate: ${valkey}";; *) echo "  Candidate: ${redis}";; esac`;
  test.each([
    [{ brew: "" }, "brew install valkey"],
    [{ "apt-get": "", "apt-cache": candidates("8.1.1+dfsg1-3", "5:8.0.2-3") }, "apt install valkey-server"],
    [{ "apt-get": "", "apt-cache": candidates("(none)", "5:7.0.15-1") }, "apt install redis-server"],
    [{ "apt-get": "", "apt-cache": candidates("(none)", "5:6.0.16-1") }, undefined],
    [{ dnf: "" }, "dnf install valkey"],
    [{ pacman: "" }, "pacman -S valkey"],
    [{ zypper: "" }, "zypper install valkey"],
    [{ apk: "" }, "apk add valkey"],
    [{}, undefined],
  ])("is installed with %j by %s", (programs, command) => {
    useAlone(...Object.entries(programs).map(([name, script]) => home.command(name, script)));
    vi.spyOn(process, "getuid").mockReturnValue(0);
    expect(queueInstallation()?.join(" ")).toBe(command);
    vi.spyOn(process, "getuid").mockReturnValue(1000);
    const sudo = command?.startsWith("brew") ? command : command && `sudo ${command}`;
    expect(queueInstallation()?.join(" ")).toBe(sudo);
    vi.restoreAllMocks();
  });
});

describe("a stack on a machine without the program", () => {
  test("has no queue, and one that had a queue does not come up without it", () => {
    const dataDir = home.folder;
    useAlone();
    expect(findQueue({ stack: "mine", dataDir })).toEqual({ found: false });
    const settings = settingsWith({ dataDir });
    expect(new StackParts(settings).find("queue")).toBeUndefined();
    mkdirSync(join(dataDir, "queue", "appendonlydir"), { recursive: true });
    expect(new StackParts(settings).find("queue")).toBeDefined();
    expect(findQueue({ stack: "mine", dataDir })).toEqual({
      found: true,
      problem:
        `the queue of stack mine has its data in ${dataDir}/queue, and no program for a queue: \`queueBinary\` is not set, ` +
        "and PATH has no valkey-server or redis-server of 7.0.0 or newer. " +
        "Remedy: install Valkey (https://valkey.io/download), or pulumi config set queueBinary /path/to/valkey-server; " +
        "or pulumi config set durable false, which gives up the runs in flight",
    });
  });

  test("is refused a queueBinary that is none", () => {
    expect(findQueue({ stack: "mine", dataDir: home.folder, binary: "/nowhere/valkey-server" })).toEqual({
      found: false,
      problem: expect.stringMatching(
        /^`queueBinary` must be an executable file, got "\/nowhere\/valkey-server"\. Remedy: /,
      ),
    });
  });

  test("is told what it misses, and what becomes of its runs when it gets its first queue", async () => {
    const settings = settingsWith({ dataDir: home.folder });
    useAlone();
    expect(missingQueue(settings)).toMatchObject({ what: expect.stringMatching(/^no program for a queue: /) });
    expect(await firstQueueNotice(settings)).toBeUndefined();
    const valkey = home.command("valkey-server", says("Valkey server v=8.1.4"));
    useAlone(valkey);
    expect(await firstQueueNotice(settings)).toBeUndefined();
    home.file("run/server.json", "{}");
    expect(await firstQueueNotice(settings)).toBe(
      `Stack mine gets a queue, ${valkey}/valkey-server: runs in flight are kept from now on. ` +
        "Those of this moment are in the server's memory and are lost: 0.",
    );
    expect(await firstQueueNotice(settingsWith({ dataDir: home.folder, durable: "false" }))).toBeUndefined();
    expect(missingQueue(settingsWith({ dataDir: home.folder, tier: "docker" }))).toBeUndefined();
  });
});

test("a data folder that is too deep for a socket is refused", () => {
  useAlone(home.command("valkey-server", says("Valkey server v=8.1.4")));
  const dataDir = `/${"deep/".repeat(30)}folder`;
  const most = process.platform === "darwin" ? 103 : 107;
  expect(findQueue({ stack: "mine", dataDir })).toEqual({
    found: true,
    problem:
      `the path of the queue's socket must have at most ${most} bytes, and "${dataDir}/queue/queue.sock" has 174. ` +
      "Remedy: pulumi config set dataDir /a/shorter/folder, or pulumi config set durable false",
  });
});

const program = onPath("valkey-server") ?? onPath("redis-server");

describe.skipIf(!program)("a queue on this machine", () => {
  const queue = (dataDir: string, changes: Partial<DesiredService> = {}): DesiredService => ({
    stack: "test",
    service: "queue",
    dataDir,
    startId: "first",
    program: { kind: "queue" },
    args: renderRedisArguments("queue.sock"),
    listeners: [],
    socket: queueSocket,
    stopGraceSeconds: 10,
    supervision: { supervisor: "none", scope: "user" },
    ...changes,
  });

  test("answers at a socket of its user alone, and keeps what it was given over SIGKILL", async () => {
    // What a URL has to escape.
    const dataDir = join(home.folder, "my data #1 ü");
    expect(await home.reconcile(queue(dataDir))).toMatchObject({ code: 0, stderr: "" });
    expect(statSync(join(dataDir, queueSocket)).mode & 0o777).toBe(0o600);
    expect(existsSync(join(dataDir, "queue", "appendonlydir"))).toBe(true);
    const connect = () => Redis.connect(queueUrlIn(dataDir));
    const redis = await connect();
    expect(await redis.command("CONFIG", "GET", "port")).toEqual(["port", "0"]);
    for (const [name, value] of [
      ["appendonly", "yes"],
      ["appendfsync", "everysec"],
      ["maxmemory-policy", "noeviction"],
      ["save", ""],
    ] as const) {
      expect(await redis.command("CONFIG", "GET", name)).toEqual([name, value]);
    }
    await redis.command("SET", "kept", "yes");
    redis.close();
    const parts = new StackParts(settingsWith({ dataDir }, [], "test"));
    const part = parts.find("queue");
    if (!part) throw new Error("the stack has no queue");
    await parts.placeOf(part).kill(part);
    expect(await Redis.answersAt(queueUrlIn(dataDir))).toBe(false);
    expect(await home.reconcile(queue(dataDir, { startId: "second" }))).toMatchObject({ code: 0, stderr: "" });
    const again = await connect();
    expect(await again.command("GET", "kept")).toBe("yes");
    again.close();
  });

  test("takes the snapshot of another one", async () => {
    const [from, to] = [join(home.folder, "from"), join(home.folder, "to")];
    await home.reconcile(queue(from));
    await home.reconcile(queue(to, { stack: "other" }));
    const [source, target] = await Promise.all([Redis.connect(queueUrlIn(from)), Redis.connect(queueUrlIn(to))]);
    await source.command("SET", "moved", "yes");
    const file = join(home.folder, "queue.rdb");
    await source.snapshot(file, async () => undefined);
    await target.load(file);
    expect(await target.command("GET", "moved")).toBe("yes");
    source.close();
    target.close();
  });

  test("that cannot start says what it ended with", async () => {
    const dataDir = join(home.folder, "data");
    const { code, stderr } = await home.reconcile(queue(dataDir, { args: ["--appendonly", "perhaps"] }));
    expect(stderr).toMatch(/^the queue of stack test ended while it started\.\nIts log .+ends with:\n/);
    expect(stderr).toContain("perhaps");
    expect(code).toBe(1);
    expect(() => execFileSync("pgrep", ["-f", dataDir])).toThrow();
  });
});
