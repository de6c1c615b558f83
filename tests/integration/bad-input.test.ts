// Bad input through the real CLI: what a person sees, and that nothing was changed. The texts of every single rule are
// in the unit tests. Does not prove: the wording of Pulumi's own lines around ours.
import { createServer, type Server } from "node:net";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { missing, title } from "../../tools/engine.ts";
import { TestStack } from "../../tools/test-stack.ts";

const reason = await missing("pulumi", "inngest");

describe.skipIf(reason)(title("bad input", reason), () => {
  let stack: TestStack;
  let taken: Server | undefined;
  beforeEach(async () => {
    stack = await TestStack.create("dev");
  });
  afterEach(async () => {
    taken?.close();
    taken = undefined;
    await stack.remove();
  });

  /** Runs `up`, which must fail with `text` before any key was made or process started. */
  const refuses = async (text: string | RegExp) => {
    const printed = await stack.failingUp();
    expect(printed).toMatch(text);
    expect(printed).not.toMatch(/\bat .*\.ts:\d+/);
    expect(await stack.exportedState()).not.toMatch(/RandomPassword|server-process|docker:index/);
  };

  test("an unknown tier", async () => {
    stack.set("tier", "dokcer");
    await refuses("`tier` must be one of process, docker");
    await refuses("Remedy: pulumi config set tier docker");
  });

  test("a setting that is none, with the nearest that is", async () => {
    stack.set("wokerPort", 3000);
    await refuses("`wokerPort` is not a setting. Remedy: did you mean `workerPort`?");
  });

  test.each([0, 70_000, "abc"])("port %s", async (port) => {
    stack.set("port", port);
    await refuses(
      `\`port\` must be a whole number from 1 to 65532, got "${port}". Remedy: pulumi config set port 8288`,
    );
  });

  test("a port that is taken, with the name of who has it", async () => {
    taken = createServer();
    await new Promise<void>((resolve) => taken?.listen(stack.port + 1, "127.0.0.1", resolve));
    await refuses(
      new RegExp(`\`port\` must leave free ports, and port ${stack.port + 1} is taken by .+ \\(pid ${process.pid}\\)`),
    );
  });

  test("a worker folder that is not there", async () => {
    stack.set("workerDir", "/nowhere/worker");
    await refuses('`workerDir` must be a folder that exists, got "/nowhere/worker"');
  });

  test("a server binary that is not Inngest", async () => {
    stack.set("serverBinary", "/bin/true");
    await refuses('`serverBinary` must be the Inngest binary, and "/bin/true" does not answer `version` like it');
  });

  test("a data folder that is a file", async () => {
    stack.set("dataDir", "/etc/hostname");
    await refuses('`dataDir` must be a folder, got "/etc/hostname", and /etc/hostname is a file');
  });

  test("keys of a stack that does not exist", async () => {
    stack.set("keysFrom", "nowhere");
    await refuses('`keysFrom` must name a stack that is up, got "nowhere". Remedy: pulumi up -s nowhere first');
  });

  test("a signing key with a prefix, which is not printed", async () => {
    const key = `signkey-dev-${"ab".repeat(16)}`;
    await stack.setSecret("signingKey", key);
    await refuses("`signingKey` must have no `signkey-` prefix");
    expect(stack.printed).not.toContain(key);
  });

  test("a key in clear, which is not printed", async () => {
    stack.set("signingKey", "cd".repeat(32));
    await refuses("`signingKey` must be encrypted, and it stands in clear");
    expect(stack.printed).not.toContain("cd".repeat(32));
  });

  test("an engine that does not answer, with its endpoint", async () => {
    stack.set("tier", "docker");
    stack.set("dockerContext", "nowhere");
    await refuses('`dockerContext` must name a context whose engine answers, got "nowhere"');
  });
});

describe.skipIf(reason)(title("keysFrom", reason), () => {
  const stacks: TestStack[] = [];
  afterAll(async () => {
    for (const stack of stacks.reverse()) await stack.destroy();
    await stacks[0]?.remove();
  });

  test("two stacks with one pair of keys, side by side", async () => {
    const first = await TestStack.create("dev");
    stacks.push(first);
    await first.up();
    const second = await TestStack.create("dev", { keysFrom: first.name }, first);
    stacks.push(second);
    await second.up();
    const [one, two] = [await first.outputs(), await second.outputs()];
    expect([two.signingKey, two.eventKey]).toEqual([one.signingKey, one.eventKey]);
    expect(await second.changes()).toEqual([]);
    expect(await second.exportedState()).not.toContain(one.signingKey);
    const task = { name: "task/process", data: { url: `${two.workerUrl}/healthz`, outputPath: "a.json" } };
    await second.completes(task, ["process-task", "record-task"]);
  });
});
