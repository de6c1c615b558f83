// verify, doctor and status on a real stack of processes: it passes as it is, and with each fault exactly the check
// that is about it has failed. Does not prove: macOS, a machine that really reboots, what a gateway refuses (unit,
// Docker).
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readRecord } from "../../lib/host/records.ts";
import { missing, title } from "../../tools/engine.ts";
import { eventually, TestStack } from "../../tools/test-stack.ts";
import { type Fault, faultyWorker } from "../support/faulty-worker.ts";
import { leaks } from "../support/leaks.ts";
import { complaints, failures, verified } from "../support/verdicts.ts";

const reason = await missing("pulumi", "inngest", "redis");

describe.skipIf(reason)(title("verify on tier process", reason), () => {
  let stack: TestStack;
  beforeAll(async () => {
    // Kills of a queue are for tests/integration/process-queue.test.ts.
    stack = await TestStack.create("dev", { durable: "false" });
    stack.set("workerDir", faultyWorker(stack.home));
    await stack.up();
  });
  afterAll(async () => {
    await stack.remove();
  });

  /** The server's own tables, which nobody else may write. */
  const inDatabase = (sql: string) => {
    const database = new DatabaseSync(join(stack.dataFolder, "server", "main.db"));
    database.exec("PRAGMA busy_timeout = 5000");
    database.exec(sql);
    database.close();
  };
  const withFault = async (fault: Fault) => {
    stack.set("workerEnv", JSON.stringify({ FAULT: fault }));
    await stack.up();
  };

  test("a stack as it is passes, skips what needs more, and leaves a receipt and its history alone", async () => {
    const { exitCode, checks, ...receipt } = await verified(stack);
    expect(checks.filter(({ status }) => status === "failed")).toEqual([]);
    expect(checks.map(({ id, status }) => `${id} ${status}`)).toEqual([
      ...["dashboard", "registered", "event", "triggers", "crons", "signed", "fenced"].map((id) => `${id} passed`),
      ...["worker-kill", "server-kill", "queue-kill", "all-kill", "recreate", "reboot"].map((id) => `${id} skipped`),
    ]);
    expect(receipt).toEqual({
      stack: stack.name,
      tier: "process",
      versions: {
        "inngest-local": expect.any(String),
        server: expect.stringMatching(/^\d+\.\d+\.\d+/),
        sdk: expect.stringMatching(/^js v4\./),
        pulumi: expect.any(String),
        node: process.versions.node,
      },
      startedAt: expect.stringMatching(/^\d{4}-.+Z$/),
      passed: 7,
      failed: 0,
      skipped: 6,
    });
    expect(exitCode).toBe(0);
    const folder = join(stack.dataFolder, "verify");
    const [kept = ""] = readdirSync(folder);
    expect(JSON.parse(readFileSync(join(folder, kept), "utf8"))).toEqual({ ...receipt, checks });
    expect(statSync(join(folder, kept)).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(stack.dataFolder, "worker", "claims"))).toEqual([]);
  });

  test("doctor has but a warning, of Connect's ports, and status says what runs; none of them a key", async () => {
    expect(await complaints(stack)).toEqual(["listeners warning"]);
    const plain = await stack.command("verify");
    const swept = /^Janitor {4}runs: process \d+, .*, last sweep \d+ \w+ ago, removed 0 rows$/m;
    // The janitor begins some seconds after the rest.
    const status = await eventually(30_000, async () => {
      const printed = await stack.command("status");
      expect(printed.stdout).toMatch(swept);
      return printed;
    });
    expect(status.stdout).toMatch(/^Server {5}runs: process \d+, for \d+ \w+, supervisor none$/m);
    expect(status.stdout).toMatch(/^Worker {5}runs: process \d+/m);
    expect(status.stdout).toMatch(/^Sizes {6}history \d+\.\d MiB/m);
    expect(status.stdout).toMatch(/heartbeat \(\*\/15 \* \* \* \*\): /);
    expect(status.exitCode).toBe(0);
    const { signingKey, eventKey } = await stack.outputs();
    const { stdout: doctor } = await stack.command("doctor");
    expect(leaks({ verify: plain.all, status: status.all, doctor }, { signingKey, eventKey })).toEqual([]);
  });

  test("a trigger that was edited on the server: triggers, and no other", async () => {
    const swap = (from: string, to: string) =>
      inDatabase(`UPDATE functions SET config = replace(config, '"event":"${from}"', '"event":"${to}"')`);
    // The worker's own audit, each quarter of an hour, may mend it before verify looks.
    await eventually(60_000, async () => {
      swap("project/changed", "project/edited");
      expect(await failures(stack)).toEqual(["triggers"]);
    });
    swap("project/edited", "project/changed");
  });

  test("a function that the server has lost: registered, and no other", async () => {
    const row = "WHERE slug = 'inngest-local-import-records'";
    await eventually(60_000, async () => {
      inDatabase(`UPDATE functions SET archived_at = CURRENT_TIMESTAMP ${row}`);
      expect(await failures(stack)).toEqual(["registered"]);
    });
    inDatabase(`UPDATE functions SET archived_at = NULL ${row}`);
  });

  test("a cron that has not run for days: crons, and no other", async () => {
    const { created_at } = ((database) => {
      const row = database.prepare("SELECT created_at FROM apps WHERE name = 'inngest-local'").get();
      database.close();
      return row as { created_at: string };
    })(new DatabaseSync(join(stack.dataFolder, "server", "main.db"), { readOnly: true }));
    inDatabase("UPDATE apps SET created_at = '2020-01-01 00:00:00'");
    expect(await failures(stack)).toEqual(["crons"]);
    inDatabase(`UPDATE apps SET created_at = '${created_at}'`);
  });

  test("a worker that checks no signature: signed, and doctor's dev-mode", async () => {
    await withFault("unsigned");
    expect(await failures(stack)).toEqual(["signed"]);
    expect(await complaints(stack)).toEqual(["listeners warning", "dev-mode broken"]);
  });

  test("a port that the worker opens to everybody: fenced, and doctor's listeners", async () => {
    await withFault("open");
    expect(await failures(stack)).toEqual(["fenced"]);
    expect(await complaints(stack)).toEqual(["listeners broken"]);
  });

  test("a function whose step fails: event, with the step's words", async () => {
    await withFault("broken");
    // Less than the 15 s after which the server tries the step again.
    const { checks } = await verified(stack, "--patience", "10");
    const failed = checks.filter(({ status }) => status === "failed");
    expect(failed.map(({ id }) => id)).toEqual(["event"]);
    expect(failed[0]?.seen).toMatch(/after \d+ s its run is RUNNING; a step says: out of order/);
    await withFault("none");
  });

  test("INNGEST_DEV in a file beside the stack: a warning of dev-mode", async () => {
    writeFileSync(join(stack.home, ".env"), "INNGEST_DEV=1\n");
    expect(await complaints(stack)).toEqual(["listeners warning", "dev-mode warning"]);
    writeFileSync(join(stack.home, ".env"), "");
  });

  test("--disruptive refuses while a run of somebody else's is in flight, and names it", async () => {
    const held = createServer(() => {}).listen(0, "127.0.0.1");
    await new Promise((resolve) => held.once("listening", resolve));
    const { port } = held.address() as AddressInfo;
    const api = await stack.api();
    const { eventKey } = await stack.outputs();
    const data = { url: `http://127.0.0.1:${port}/`, outputPath: "held.json" };
    const eventId = await api.send(eventKey, { name: "task/process", data });
    await eventually(30_000, async () => expect(await api.runsOf(eventId)).toHaveLength(1));
    const { exitCode, all } = await stack.command("verify", "--disruptive");
    expect(all).toMatch(
      /^runs that are not verify's own are in flight, and --disruptive kills what they run on:\n {2}- process-task running since /,
    );
    expect(all).toContain("Remedy: wait for their end, or --force.");
    expect(exitCode).toBe(1);
    held.closeAllConnections();
    held.close();
  });

  test("a worker that does not start any more: worker-kill alone; what is not promised is skipped in the stack's words", async () => {
    const entry = join(stack.home, "faulty-worker", "serve.ts");
    const source = readFileSync(entry, "utf8");
    writeFileSync(entry, 'throw new Error("edited in a hurry");\n');
    const { checks } = await verified(stack, "--disruptive", "--force");
    const said = checks.slice(7).map(({ id, status, seen }) => `${id} ${status}: ${seen}`);
    const notPromised = ["server-kill", "queue-kill", "all-kill"].map((id) =>
      expect.stringMatching(`^${id} skipped: not promised here: the stack says "history`),
    );
    expect(said).toEqual([
      expect.stringMatching(
        /^worker-kill failed: worker killed, and not brought back: .+ Likely cause: .* its program or settings have changed.+ Remedy: npm start/s,
      ),
      ...notPromised,
      expect.stringMatching(/^recreate skipped: the server is a process/),
      expect.stringMatching(/^reboot skipped: needs --before-reboot/),
    ]);
    expect(checks.filter(({ status }) => status === "failed")).toHaveLength(1);
    writeFileSync(entry, source);
    await stack.up();
  });

  test("a worker with another signing key: registered, and no other", async () => {
    const record = readRecord(join(stack.dataFolder, "run", "worker.json"));
    process.kill(record?.pid as number, "SIGKILL");
    const { appEnvironment } = await stack.outputs();
    const impostor = execa(process.execPath, ["serve.ts"], {
      cwd: join(stack.home, "faulty-worker"),
      env: {
        ...appEnvironment,
        INNGEST_SIGNING_KEY: "ab".repeat(32),
        PORT: String(stack.workerPort),
        DATA_DIR: stack.home,
      },
      reject: false,
    });
    await eventually(20_000, async () => {
      if (!(await fetch(`http://127.0.0.1:${stack.workerPort}/`)).ok) throw new Error("not up yet");
    });
    expect(await failures(stack)).toEqual(["registered"]);
    impostor.kill();
    await impostor;
    // Now nobody is there, which is the same check.
    expect(await failures(stack)).toEqual(["registered"]);
  });

  test("a Redis of one's own that appends nothing: doctor's queue, and no other", async () => {
    const port = stack.port + 4;
    const folder = join(stack.home, "redis");
    mkdirSync(folder);
    const flags = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""];
    const redis = execa("redis-server", [...flags, "--appendonly", "no", "--maxmemory-policy", "noeviction"], {
      stdio: "ignore",
      reject: false,
    });
    await stack.setSecret("redisUrl", `redis://127.0.0.1:${port}`);
    await stack.up();
    // Runs of the tests before are lost with that server's memory, and its history says so.
    const others = async () => (await complaints(stack)).filter((each) => each !== "history warning");
    expect(await others()).toEqual(["listeners warning", "queue broken"]);
    await execa("redis-cli", ["-p", String(port), "config", "set", "appendonly", "yes"]);
    expect(await others()).toEqual(["listeners warning"]);
    await stack.destroy();
    redis.kill();
    await redis;
    expect(existsSync(join(stack.dataFolder, "run", "server.json"))).toBe(false);
  });
});
