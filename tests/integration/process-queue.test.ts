// A stack on a machine that gets a program for a queue later, and loses it: with a real Redis, server and worker. Does not
// prove: Valkey, a supervisor that brings the queue back, macOS. Backup, restore, sweeps and moves of the queue have
// suites of their own.
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { onPath } from "../../lib/host/programs.ts";
import { durableWorker, finished, startFiveRuns } from "../../tools/durable-worker.ts";
import { missing, title } from "../../tools/engine.ts";
import { eventually, TestStack } from "../../tools/test-stack.ts";
import { complaints, verified } from "../support/verdicts.ts";

const reason = await missing("pulumi", "inngest", "redis");

/** Makes a folder that has every program of PATH but those of a queue. */
function pathWithoutQueue(folder: string): string {
  for (const from of (process.env.PATH ?? "").split(delimiter)) {
    for (const name of readdirSync(from).filter((each) => !/^(valkey|redis)-/.test(each))) {
      try {
        symlinkSync(join(from, name), join(folder, name));
      } catch {
        // An earlier folder of PATH has it.
      }
    }
  }
  return folder;
}

describe.skipIf(reason)(title("the queue of tier process", reason), () => {
  let stack: TestStack;
  const folder = mkdtempSync(join(tmpdir(), "bin-"));
  const program = join(folder, "redis-server");
  const install = () => symlinkSync(onPath("redis-server") as string, program);
  beforeAll(async () => {
    vi.stubEnv("PATH", pathWithoutQueue(folder));
    stack = await TestStack.create("dev");
    vi.unstubAllEnvs();
    stack.set("workerDir", durableWorker(stack.home));
  });
  afterAll(async () => {
    await stack.remove();
    rmSync(folder, { recursive: true });
  });

  test("is left out on a machine without its program, which the outputs and doctor say", async () => {
    await stack.up();
    expect(await stack.changes()).toEqual([]);
    const { durability, stores } = await stack.outputs();
    expect(durability).toEqual({
      kept: false,
      text: "history survives a restart of the server, runs in flight do not: this machine has no valkey-server or redis-server of 7.0.0 or newer",
    });
    expect(stores).toEqual({ place: { kind: "host" } });
    expect(await complaints(stack)).toContain("queue warning");
    expect((await stack.command("status")).stdout).not.toMatch(/^Queue/m);
  });

  test("comes with its program and the next start, which says what is lost", async () => {
    await startFiveRuns(stack, 300);
    install();
    const { all } = await stack.command("start");
    // The durable worker has no first function, which `start` waits for.
    expect(String(all)).toContain(
      `Stack ${stack.name} gets a queue, ${program}: runs in flight are kept from now on. ` +
        "Those of this moment are in the server's memory and are lost: 5.",
    );
    const { durability, stores } = await stack.outputs();
    expect(durability.kept).toBe(true);
    expect(stores.queueUrl).toEqual({ inDataDir: "queue/queue.sock", scheme: "unix" });
    expect(await stack.changes()).toEqual([]);
    // The sweep finds the runs that were lost.
    expect(await complaints(stack)).toEqual(["listeners warning", "history warning"]);
    const { stdout } = await stack.command("status");
    expect(stdout).toMatch(/^Queue {6}runs: process \d+, for \d+ \w+, supervisor none$/m);
    expect(stdout).toMatch(/^Sizes {6}queue \d/m);
    await startFiveRuns(stack, 1, "later ");
    await eventually(60_000, async () => expect(finished(stack)).toBe(5));
  });

  test("survives every kill, and so do runs in flight", { timeout: 600_000 }, async () => {
    stack.unset("workerDir");
    await stack.up();
    const { checks } = await verified(stack, "--disruptive", "--force");
    expect(checks.filter(({ status }) => status === "failed")).toEqual([]);
    expect(checks.slice(-6).map(({ id, status }) => `${id} ${status}`)).toEqual([
      ...["worker-kill", "server-kill", "queue-kill", "all-kill"].map((id) => `${id} passed`),
      ...["recreate skipped", "reboot skipped"],
    ]);
  });

  test("whose program is gone stops the next up, and keeps its data", async () => {
    rmSync(program);
    const output = await stack.failingUp();
    expect(output).toContain(
      `the queue of stack ${stack.name} has its data in ${stack.dataFolder}/queue, and no program for a queue: `,
    );
    expect(output).toContain("or pulumi config set durable false, which gives up the runs in flight");
    install();
    expect(await stack.changes()).toEqual([]);
  });
});
