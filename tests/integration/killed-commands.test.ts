// Real Pulumi CLI and Docker: `start` and `destroy` killed in the middle with all that they have started, as by a power
// cut, and run again. Does not prove: every moment; tests/integration/setup.test.ts kills `setup` at five others.
import { statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { locksIn } from "../../cli/lib/stack-lock.ts";
import { readRecord } from "../../lib/host/records.ts";
import { missing, title } from "../../tools/engine.ts";
import { eventually, TestStack } from "../../tools/test-stack.ts";
import { docker, leftovers } from "../support/containers.ts";

const reason = await missing("pulumi", "docker");

describe.skipIf(reason)(title("killed commands, Docker tier", reason), () => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await TestStack.create("persistent");
    stack.writeSettings();
  });
  afterAll(() => stack.remove());

  const worker = () => `http://127.0.0.1:${stack.workerPort}/healthz`;

  /** Runs a command, and kills it with all that it has started once `reached` says so of what it has printed. */
  async function killedWhen(reached: (said: string) => boolean, name: string, ...args: string[]): Promise<void> {
    const command = stack.command(name, ...args);
    let said = "";
    command.all?.on("data", (chunk) => {
      said += chunk;
    });
    let ended = false;
    void command.then(() => {
      ended = true;
    });
    await eventually(90_000, async () => expect(reached(said), said).toBe(true));
    expect(ended, said).toBe(false);
    process.kill(-(command.pid as number), "SIGKILL");
    await command;
  }
  const killedAt = (text: RegExp, name: string, ...args: string[]) =>
    killedWhen((said) => text.test(said), name, ...args);
  /** Whether the worker is started; Pulumi writes that down when it answers. */
  const workerStarted = () => readRecord(join(stack.dataFolder, "run", "worker.json"))?.pid !== undefined;

  test("a start that was killed is gone on with by the next, with what was only begun", async () => {
    await killedAt(/queue +image ready/, "start");
    await killedWhen(workerStarted, "start");
    await killedAt(/queue +started/, "start");
    const { all, exitCode } = await stack.command("start");
    expect(all).toMatch(/Function process-task completed in \d+ ms/);
    expect(exitCode).toBe(0);
  });

  test("a state beside which the killed one has left an empty file is read all the same", async () => {
    const attributes = join(stack.home, ".pulumi", "stacks", "inngest-local", `${stack.name}.json.attrs`);
    expect(statSync(attributes).size).toBeGreaterThan(0);
    truncateSync(attributes);
    const { all, exitCode } = await stack.command("start");
    expect(all).toMatch(/Function process-task completed in \d+ ms/);
    expect(exitCode).toBe(0);
  });

  test("a start beside another one that lives is refused, and says which", async () => {
    docker("rm", "--force", `inngest-${stack.name}-janitor`);
    const first = stack.command("start");
    const locks = join(stack.home, ".pulumi", "locks", "organization", "inngest-local", stack.name);
    await eventually(60_000, async () => expect(locksIn(locks)).not.toEqual([]));
    // It stands still while it has the lock, however fast this machine is.
    process.kill(-(first.pid as number), "SIGSTOP");
    const second = await stack.command("start").finally(() => process.kill(-(first.pid as number), "SIGCONT"));
    expect(second.all).toMatch(/is being changed by Pulumi \(pid \d+ on .+\)\. Remedy: wait until it is done/);
    expect(second.exitCode).toBe(1);
    expect((await first).exitCode).toBe(0);
  });

  test("a destroy and a start that were killed leave nothing to the next destroy", async () => {
    await killedAt(/✓ +\w+ +stopped/, "destroy", "--yes");
    expect((await stack.command("destroy", "--yes")).exitCode).toBe(0);
    await killedWhen(workerStarted, "start");
    await eventually(60_000, async () => expect((await fetch(worker())).ok).toBe(true));
    const { all, exitCode } = await stack.command("destroy", "--yes", "--delete-data");
    expect(all).toContain(`The data of stack ${stack.name} is deleted.`);
    expect(exitCode).toBe(0);
    expect(leftovers(stack.name)).toEqual({ containers: [], volumes: [], networks: [] });
    await expect(fetch(worker())).rejects.toThrow();
  });

  test("data that another container uses is told, with the remedy", async () => {
    const volume = `inngest-${stack.name}-data`;
    docker("volume", "create", "--label", `inngest-local.stack=${stack.name}`, volume);
    const user = docker("create", "--volume", `${volume}:/data`, "redis:7.2.16-alpine");
    const { all, exitCode } = await stack.command("destroy", "--yes", "--delete-data");
    docker("rm", user);
    docker("volume", "rm", volume);
    expect(all).toContain(
      `the stack is down, but its data is not deleted: remove ${volume}: volume is in use - [${user}]. ` +
        "Remedy: docker ps --all --filter volume=NAME shows what uses it; remove that, and run this command again",
    );
    expect(exitCode).toBe(1);
  });
});
