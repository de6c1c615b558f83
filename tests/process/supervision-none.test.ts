// Proves how a service without a supervisor is kept track of, with real processes and scripts. Does not prove what is the
// same under every supervisor: host-service.test.ts does.
import { spawn } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { lockFile } from "../../lib/host/paths.ts";
import { isRunning, startDetached, startTimeOf, stopGroup } from "../../lib/host/processes.ts";
import { readRecord } from "../../lib/host/records.ts";
import type { RunRecord } from "../../lib/host/spec.ts";
import { logKeeper } from "../../lib/host/supervisors/log-keeper.ts";
import { logLimit } from "../../lib/host/supervisors/service.ts";
import { eventually } from "../../tools/test-stack.ts";
import { answerOf, freePort, Home, tinyService } from "../support/host.ts";

let home: Home;
let port: number;
beforeEach(async () => {
  home = new Home();
  port = await freePort();
});
afterEach(() => home.dispose());

const record = () => readRecord(join(home.data, "run/server.json")) as RunRecord;
const alive = (pid: number | undefined) => pid !== undefined && startTimeOf(pid) !== undefined;

describe("a service whose process has died", () => {
  test("is started again, and another process with its pid is left alone", async () => {
    await home.reconcile(tinyService(port));
    process.kill(record().pid as number, "SIGKILL");
    const foreign = spawn("sleep", ["60"], { detached: true });
    writeFileSync(join(home.data, "run/server.json"), JSON.stringify({ ...record(), pid: foreign.pid }));
    expect((await home.observe()).stdout).not.toBe("first");
    expect((await home.reconcile(tinyService(port))).code).toBe(0);
    expect((await answerOf(port))?.pid).toBe(record().pid);
    expect(alive(foreign.pid)).toBe(true);
    foreign.kill();
  });

  test("has its children stopped, because one of them may hold the port", async () => {
    const leader = await startDetached(["/bin/sh", "-c", "sleep 60 & echo $!; wait"], {
      cwd: home.folder,
      environment: {},
      log: join(home.folder, "log"),
    });
    leader.release();
    const child = await eventually(5000, async () => {
      const text = readFileSync(join(home.folder, "log"), "utf8");
      if (text === "") throw new Error("not yet");
      return Number(text);
    });
    process.kill(leader.pid, "SIGKILL");
    await eventually(5000, async () => expect(alive(leader.pid)).toBe(false));
    expect(alive(child)).toBe(true);
    await stopGroup(leader, 1);
    await eventually(5000, async () => expect(alive(child)).toBe(false));
  });

  test("is observed as changed when its log keeper has died, which comes back with it", async () => {
    await home.reconcile(tinyService(port));
    process.kill(-(record().logKeeper?.pid as number), "SIGKILL");
    expect((await home.observe()).stdout).not.toBe("first");
    await home.reconcile(tinyService(port));
    expect(isRunning(record().logKeeper)).toBe(true);
  });
});

describe("a start that is killed", () => {
  test("leaves no process unless it has recorded it", async () => {
    const marker = join(home.folder, "ran");
    const script = `
      import { startDetached } from "./lib/host/processes.ts";
      const { pid } = await startDetached(["/usr/bin/touch", ${JSON.stringify(marker)}], { cwd: "/", environment: {} });
      console.log(pid);
      process.kill(process.pid, "SIGKILL");`;
    const { stdout } = await home.node(["--input-type=module", "-e", script]);
    await eventually(5000, async () => expect(alive(Number(stdout))).toBe(false));
    expect(existsSync(marker)).toBe(false);
  });
});

describe("two commands at once", () => {
  test("take turns, succeed, and leave one process", async () => {
    const outcomes = await Promise.all(
      ["one", "two", "three"].map((round) =>
        home.reconcile(tinyService(port, { environment: { MODE: "polite", ROUND: round } })),
      ),
    );
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect((await answerOf(port))?.pid).toBe(record().pid);
  });

  test("break the lock of a process that is gone", async () => {
    const dead = spawn("true");
    await new Promise((resolve) => dead.on("exit", resolve));
    const name = lockFile("inngest-local.test.server").split("/").at(-1) as string;
    const lock = home.file(
      join(home.data, "../../locks", name).slice(home.folder.length + 1),
      JSON.stringify({ pid: dead.pid, startTime: "1" }),
    );
    expect((await home.reconcile(tinyService(port))).code).toBe(0);
    expect(existsSync(lock)).toBe(false);
  });
});

describe("a log", () => {
  test("of hundreds of megabytes is truncated while the process keeps writing", async () => {
    await home.reconcile(tinyService(port, { environment: { MODE: "polite", CHATTER: "300" } }));
    const log = join(home.data, "logs/server.log");
    await eventually(60_000, async () => {
      // The last piece, below the limit, stays.
      expect(statSync(log).size).toBeLessThanOrEqual(logLimit);
      expect(readFileSync(log, "utf8")).toMatch(/said it all\n$/);
    });
    // Only a log that was longer leaves a piece of this length.
    expect(statSync(`${log}.1`).size).toBe(logLimit);
    expect(statSync(`${log}.1`).mode & 0o777).toBe(0o600);
    expect((await answerOf(port))?.pid).toBe(record().pid);
  }, 90_000);

  test("is truncated even when its last piece cannot be kept", async () => {
    const log = home.file("log", "x".repeat(5000));
    home.file("log.1.new/in-the-way");
    const keeper = await startDetached(logKeeper(log, process.pid, 1000), { cwd: "/", environment: {} });
    keeper.release();
    await eventually(10_000, async () => expect(statSync(log).size).toBe(0));
    await stopGroup(keeper, 0);
  });

  test("below the limit stays as it is, and its keeper ends with the process", async () => {
    const log = home.file("log", "x".repeat(1000));
    const mortal = spawn("sleep", ["60"]);
    const keeper = await startDetached(logKeeper(log, mortal.pid, 1000), { cwd: "/", environment: {} });
    keeper.release();
    await sleep(2500);
    expect([statSync(log).size, existsSync(`${log}.1`), isRunning(keeper)]).toEqual([1000, false, true]);
    mortal.kill();
    await eventually(10_000, async () => expect(isRunning(keeper)).toBe(false));
  });
});
