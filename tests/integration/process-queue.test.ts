// The queue of the process tier with a real Redis, server and worker: kills, backup and restore, a sweep, and a machine
// without the program. Does not prove: Valkey, a supervisor that brings it back, macOS.
import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { durableWorker } from "../../tools/durable-worker.ts";
import { missing, title } from "../../tools/engine.ts";
import { TestStack } from "../../tools/test-stack.ts";
import { complaints, verified } from "../support/verdicts.ts";

const reason = await missing("pulumi", "inngest", "redis");

/** A PATH that has every program of this one but those of a queue. */
function pathWithoutQueue(folder: string): string {
  mkdirSync(folder);
  for (const from of (process.env.PATH ?? "").split(delimiter)) {
    const names = readdirSync(from).filter((name) => !/^(valkey|redis)-/.test(name));
    for (const name of names) {
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
  beforeAll(async () => {
    stack = await TestStack.create("dev");
    await stack.up();
  });
  afterAll(async () => {
    await stack.remove();
  });

  test("survives every kill, and so do runs in flight", async () => {
    const { checks } = await verified(stack, "--disruptive");
    expect(checks.filter(({ status }) => status === "failed")).toEqual([]);
    expect(checks.slice(-6).map(({ id, status }) => `${id} ${status}`)).toEqual([
      ...["worker-kill", "server-kill", "queue-kill", "all-kill"].map((id) => `${id} passed`),
      ...["recreate skipped", "reboot skipped"],
    ]);
  });

  test("is known to doctor and status", async () => {
    expect(await complaints(stack)).toEqual(["listeners warning"]);
    const { stdout } = await stack.command("status");
    expect(stdout).toMatch(/^Queue {6}runs: process \d+, for \d+ \w+, supervisor none$/m);
    expect(stdout).toMatch(/^Sizes {6}queue \d/m);
  });
});
