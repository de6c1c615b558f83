// Real Pulumi CLI and plugins, real server, real worker. Does not prove: macOS, a reboot.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isRunning } from "../../lib/host/processes.ts";
import { readRecord } from "../../lib/host/records.ts";
import { missing, title } from "../../tools/engine.ts";
import { eventually, passphrase, TestStack } from "../../tools/test-stack.ts";
import { everyCommandLine, filesBelow, initialEnvironment, leaks } from "../support/leaks.ts";

const reason = await missing("pulumi", "inngest");

describe.skipIf(reason)(title("tier process", reason), () => {
  let stack: TestStack;
  const recordOf = (service: string) => readRecord(join(stack.dataFolder, "run", `${service}.json`));
  const task = () => ({
    name: "task/process",
    data: { url: `http://127.0.0.1:${stack.workerPort}/healthz`, outputPath: "a.json" },
  });
  const names = (changes: { op: string; resource: string }[]) =>
    changes.map(({ op, resource }) => `${op} ${resource}`).sort();

  beforeAll(async () => {
    stack = await TestStack.create("dev");
  });
  afterAll(async () => {
    await stack.remove();
  });

  test("a first up brings a server and a worker that runs an event's chain to its end", async () => {
    await stack.up();
    await stack.completes(task(), ["process-task", "record-task"]);
  });

  test("a second up, also after a refresh, has nothing to do", async () => {
    expect(await stack.changes()).toEqual([]);
    await stack.refresh();
    expect(await stack.changes()).toEqual([]);
  });

  test("the database is in WAL mode and everything private is readable by its owner only", () => {
    expect(readFileSync(join(stack.dataFolder, "server", "main.db")).subarray(18, 20)).toEqual(Buffer.from([2, 2]));
    const open = filesBelow(stack.dataFolder).filter(
      (file) => /\.(json|env|db|log)$/.test(file) && statSync(file).mode & 0o077,
    );
    expect(open.filter((file) => !file.includes("/worker/outputs/"))).toEqual([]);
    expect(statSync(stack.dataFolder).mode & 0o777).toBe(0o700);
  });

  test("no key stands in clear in state, output, logs, arguments or a process' first environment", async () => {
    const { signingKey, eventKey } = await stack.outputs();
    const texts: Record<string, string> = {
      state: await stack.exportedState(),
      output: stack.printed,
      arguments: everyCommandLine(),
    };
    for (const service of ["server", "worker"]) {
      texts[`${service} log`] = readFileSync(join(stack.dataFolder, "logs", `${service}.log`), "utf8");
      texts[`${service} environment`] = initialEnvironment(recordOf(service)?.pid as number);
    }
    expect(leaks(texts, { signingKey, eventKey, passphrase })).toEqual([]);
    const env = { "worker env file": readFileSync(join(stack.dataFolder, "worker", "worker.env"), "utf8") };
    expect(leaks(env, { signingKey })).toEqual(["worker env file: signingKey"]);
  });

  test("a worker port of another number changes worker, server, registration and the look at the ports alone", async () => {
    stack.set("workerPort", stack.port + 4);
    expect(names(await stack.changes())).toEqual([
      "update command:local:Command::preflight-check",
      "update command:local:Command::registration-sync",
      "update command:local:Command::server-process",
      "update command:local:Command::worker-process",
    ]);
    stack.set("workerPort", stack.workerPort);
    expect(await stack.changes()).toEqual([]);
  });

  test("a server killed by SIGKILL is a change, which up repairs, history included", async () => {
    const before = recordOf("server");
    // A cron may begin another one meanwhile, so they are compared by id.
    const ids = async () => (await (await stack.api()).runs(100)).map(({ id }) => id);
    const history = await ids();
    expect(history.length).toBeGreaterThan(0);
    process.kill(before?.pid as number, "SIGKILL");
    await eventually(5000, async () => expect(isRunning(before)).toBe(false));
    expect(names(await stack.changes())).toEqual([
      "update command:local:Command::registration-sync",
      "update command:local:Command::server-process",
    ]);
    await stack.up();
    expect(recordOf("server")?.pid).not.toBe(before?.pid);
    expect(await ids()).toEqual(expect.arrayContaining(history));
    await stack.completes(task(), ["process-task", "record-task"]);
  });

  test("an unsigned call to the worker is refused", async () => {
    const { workerUrl } = await stack.outputs();
    const answer = await fetch(`${workerUrl}/api/inngest?fnId=inngest-local-process-task&stepId=step`, {
      method: "POST",
      body: "{}",
    });
    expect(answer.status).toBe(401);
  });

  test("destroy stops both processes and leaves data and logs alone", async () => {
    const records = ["server", "worker"].map(recordOf);
    await stack.destroy();
    expect(records.map((record) => isRunning(record))).toEqual([false, false]);
    const left = filesBelow(stack.dataFolder).map((file) => file.slice(stack.dataFolder.length + 1));
    expect(left).toContain("server/main.db");
    // Of the files that services had, only the report without secrets stays.
    const ofServices = left.filter((file) => /\.(json|env)$/.test(file) && !file.includes("outputs"));
    expect(ofServices.filter((file) => file !== "janitor/last-sweep.json")).toEqual([]);
  });
});
