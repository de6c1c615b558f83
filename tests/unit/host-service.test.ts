// Proves what the host scripts do with one process, run as Pulumi runs them. The real server and worker under them
// are for the integration suites.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startTimeOf } from "../../lib/host/processes.ts";
import { detached } from "../../lib/host/supervisors/detached.ts";
import { emptyWalDatabase } from "../../lib/render/wal-database.ts";
import type { DesiredService } from "../../scripts/reconcile.ts";
import { answerOf, freePort, Home, tinyService } from "./fixtures/host.ts";

const done = { code: 0, stdout: "", stderr: "" };
const started = { ...done, stdout: `${detached().survives}\n` };
const onLinux = process.platform === "linux";

let home: Home;
let port: number;
beforeEach(async () => {
  home = new Home();
  port = await freePort();
});
afterEach(() => home.dispose());

const mode = (path: string) => (statSync(join(home.data, path)).mode & 0o777).toString(8);
const record = () => JSON.parse(readFileSync(join(home.data, "run/server.json"), "utf8"));

describe("a service that is not there", () => {
  test("is started, outlives the script, and has a clean environment", async () => {
    expect(await home.reconcile(tinyService(port))).toEqual(started);
    const { pid, variables } = (await answerOf(port)) as NonNullable<Awaited<ReturnType<typeof answerOf>>>;
    expect(record()).toMatchObject({ pid, startId: "first" });
    expect(variables).toMatchObject({ MODE: "polite", SECRET: "this-is-the-secret", HOME: home.folder });
    expect(Object.keys(variables).filter((name) => /PULUMI|XDG/.test(name))).toEqual([]);
    const line = execFileSync("ps", ["-o", "args=", "-p", String(pid)], { encoding: "utf8" });
    expect(line).toContain("tiny-server.mjs");
    expect(line).not.toContain("this-is-the-secret");
  });

  test.skipIf(!onLinux)("has no secrets in its initial environment", async () => {
    await home.reconcile(tinyService(port));
    const initial = readFileSync(`/proc/${record().pid}/environ`, "utf8");
    expect(initial).toContain("MODE=polite");
    expect(initial).not.toContain("this-is-the-secret");
    expect(initial).not.toContain("open sesame");
  });

  test("keeps files and folders to this user", async () => {
    await home.reconcile(tinyService(port));
    const files = ["server/server.env", "server/settings.json", "server/main.db", "run/server.json", "logs/server.log"];
    expect(files.map(mode)).toEqual(files.map(() => "600"));
    const folders = ["", "server", "run", "logs"];
    expect(folders.map(mode)).toEqual(folders.map(() => "700"));
    expect(readFileSync(join(home.data, "server/settings.json"), "utf8")).toBe(
      `{\n  "key": "0123456789abcdef",\n  "folder": "${home.data}"\n}\n`,
    );
    expect(readFileSync(join(home.data, "server/main.db")).equals(emptyWalDatabase())).toBe(true);
  });

  test("gets the variables that are passed through in a file of its own", async () => {
    const spec = tinyService(port, { passthroughEnv: ["PULUMI_CONFIG_PASSPHRASE", "AWS_*", "NOT_SET"] });
    await home.reconcile(spec, { AWS_REGION: "far away", GOOGLE_KEY: "not named" });
    const file = join(home.data, "server/environment.json");
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({
      PULUMI_CONFIG_PASSPHRASE: "open sesame",
      AWS_REGION: "far away",
    });
    expect(mode("server/environment.json")).toBe("600");
    expect(JSON.stringify(await answerOf(port))).not.toContain("open sesame");
    await home.remove(spec);
    expect(existsSync(file)).toBe(false);
  });

  test("keeps an existing database", async () => {
    const database = home.file("own/server/main.db", "somebody's history");
    const dataDir = join(home.folder, "own");
    expect(await home.reconcile(tinyService(port, { dataDir }))).toEqual(started);
    expect(readFileSync(database, "utf8")).toBe("somebody's history");
    expect(existsSync(join(dataDir, "run/server.json"))).toBe(true);
  });
});

describe("a service that runs", () => {
  test("is left alone when nothing changed, and is observed with the id of its start", async () => {
    await home.reconcile(tinyService(port));
    const before = record();
    expect(await home.observe()).toEqual({ ...done, stdout: "first" });
    expect(await home.reconcile(tinyService(port))).toEqual(started);
    expect(record()).toEqual(before);
    expect((await answerOf(port))?.pid).toBe(before.pid);
  });

  test("takes a new start id without a restart", async () => {
    await home.reconcile(tinyService(port));
    const before = record();
    await home.reconcile(tinyService(port, { startId: "second" }));
    expect(record()).toEqual({ ...before, startId: "second" });
  });

  test.each<[string, Partial<DesiredService>]>([
    ["a variable", { environment: { MODE: "other" } }],
    ["a secret", { envFile: { SECRET: "this-is-another-secret" } }],
    ["a file", { files: [{ name: "settings.json", json: {} }] }],
    ["a folder's name", { workingDirectory: "tests/unit/../unit/fixtures" }],
  ])("is restarted, after a SIGTERM, when %s changed", async (_, changes) => {
    await home.reconcile(tinyService(port));
    const before = record();
    const { envFile } = changes;
    const changed = tinyService(port, {
      ...changes,
      ...(envFile ? { envFile: { PORT: String(port), ...envFile } } : {}),
      startId: "second",
    });
    expect(await home.reconcile(changed)).toEqual(started);
    expect(record().pid).not.toBe(before.pid);
    expect(record().startId).toBe("second");
    expect(startTimeOf(before.pid)).toBeUndefined();
    expect((await answerOf(port))?.pid).toBe(record().pid);
    expect(readFileSync(join(home.data, "logs/server.log"), "utf8")).toBe("stopped in peace\n");
  });
});

describe("a service that was killed", () => {
  test("is observed with a new start id, and started again", async () => {
    await home.reconcile(tinyService(port));
    const before = record();
    process.kill(before.pid, "SIGKILL");
    while (startTimeOf(before.pid)) await sleep(10);
    const { stdout } = await home.observe();
    expect(stdout).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    expect(await home.reconcile(tinyService(port, { startId: stdout }))).toEqual(started);
    expect(record()).toMatchObject({ startId: stdout });
    expect((await answerOf(port))?.pid).toBe(record().pid);
    expect(await home.observe()).toEqual({ ...done, stdout });
  });

  test("is not mistaken for another process that got its pid", async () => {
    await home.reconcile(tinyService(port));
    const { pid, spec } = record();
    home.file(
      `${home.data.slice(home.folder.length)}/run/server.json`,
      JSON.stringify({ pid: process.pid, startTime: "another time", spec, startId: "first" }),
    );
    expect((await home.observe()).stdout).not.toBe("first");
    process.kill(pid, "SIGKILL");
  });
});

describe("remove", () => {
  test("stops the process, deletes its secrets, keeps data and log, and succeeds twice", async () => {
    const spec = tinyService(port);
    await home.reconcile(spec);
    const { pid } = record();
    expect(await home.remove(spec)).toEqual(done);
    expect(startTimeOf(pid)).toBeUndefined();
    expect(await answerOf(port)).toBeUndefined();
    const left = ["server/server.env", "server/settings.json", "run/server.json", "server/main.db", "logs/server.log"];
    expect(left.filter((path) => existsSync(join(home.data, path)))).toEqual(["server/main.db", "logs/server.log"]);
    expect(readFileSync(join(home.data, "logs/server.log"), "utf8")).toBe("stopped in peace\n");
    expect(await home.remove(spec)).toEqual(done);
  });

  test("kills a process that ignores SIGTERM after the grace period, and not before", async () => {
    const spec = tinyService(port, { environment: { MODE: "stubborn" }, stopGraceSeconds: 1 });
    await home.reconcile(spec);
    const { pid } = record();
    const before = performance.now();
    expect(await home.remove(spec)).toEqual(done);
    expect(performance.now() - before).toBeGreaterThan(1000);
    expect(startTimeOf(pid)).toBeUndefined();
  });

  test("succeeds for a service that never ran", async () => {
    expect(await home.remove(tinyService(port))).toEqual(done);
    expect(existsSync(home.data)).toBe(false);
  });
});
