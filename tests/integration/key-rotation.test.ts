// Real Pulumi CLI and plugins, server, worker, Redis and Docker engine; `npm run keys -- rotate` under 20 events a
// second. Does not prove: senders that give up at the first refusal, an update that is killed within a step (Pulumi's
// own matter: `pulumi cancel`). On Kubernetes it is tests/cluster/kubernetes-tier.test.ts'.
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WorkerEndpoint } from "../../lib/inngest/worker-endpoint.ts";
import { durableWorker, marks } from "../../tools/durable-worker.ts";
import { missing, title } from "../../tools/engine.ts";
import { freePorts } from "../../tools/ports.ts";
import { TestStack } from "../../tools/test-stack.ts";
import { docker, leftovers } from "../support/containers.ts";
import { Traffic } from "../support/traffic.ts";

const seconds = 60;
const patience = 1_200_000;

/** Kills the command with all that it has started as soon as it announces the step. */
async function rotateUntilKilledAt(stack: TestStack, step: string): Promise<void> {
  const rotation = stack.command("keys", "rotate");
  let printed = "";
  let killed = false;
  rotation.all?.on("data", (chunk) => {
    printed += chunk;
    if (killed || !printed.includes(`Step ${step}:`)) return;
    killed = true;
    process.kill(-(rotation.pid as number), "SIGKILL");
  });
  const { signal, all } = await rotation;
  expect(signal, all).toBe("SIGKILL");
}

/** Rotates under traffic, with a death between two steps, and looks for what was lost. */
async function rotateUnderTraffic(stack: TestStack, { noGateway = false } = {}): Promise<void> {
  const before = await stack.outputs();
  const traffic = new Traffic(stack);
  await traffic.start();
  traffic.forge();
  const began = Date.now();
  await rotateUntilKilledAt(stack, "switch");
  expect(stack.settingsText()).toMatch(/keys:\s+generation: 2\s+step: switch\b/);
  const { exitCode, all } = await stack.command("keys", "rotate");
  expect(exitCode, all).toBe(0);
  expect(all).not.toContain("Step accept");
  await sleep(Math.max(0, began + seconds * 1000 - Date.now()));
  await traffic.stop();

  const took = Date.now() - began;
  const sent = traffic.accepted.size;
  expect(sent).toBeGreaterThan(seconds * 15);
  const lost = await traffic.untilEnded({ noGateway });
  console.log({ took, sent, tries: traffic.tries, forged: traffic.forged, lost: lost.length });
  expect(marks(stack)["forged a"]).toBeUndefined();
  expect(Object.keys(traffic.forged).filter((came) => !/ (401|no answer)$/.test(came))).toEqual([]);
  expect(traffic.forged["unsigned 401"]).toBeGreaterThan(seconds);
  expect(traffic.forged["forged 401"]).toBeGreaterThan(seconds);

  const after = await stack.outputs();
  expect(after.signingKey).not.toBe(before.signingKey);
  expect(after.eventKey).not.toBe(before.eventKey);
  const worker = `${after.workerUrl}/api/inngest`;
  await new WorkerEndpoint(worker, after.signingKey).declared();
  await expect(new WorkerEndpoint(worker, before.signingKey).declared()).rejects.toThrow("HTTP 401");
  const api = await stack.api();
  const event = { name: "durable/asleep", data: { run: "late", seconds: 0 } };
  await expect(api.send(before.eventKey, event)).rejects.toThrow("HTTP 401");
  expect(stack.settingsText()).toMatch(/keys:\s+generation: 2\s+step: none\b/);
  const { exitCode: again } = await stack.command("keys", "rotate", "--until", "accept");
  expect(again).toBe(0);
  expect(stack.settingsText()).toMatch(/keys:\s+generation: 3\s+step: accept\b/);
}

const dockerReason = await missing("pulumi", "docker");
describe.skipIf(dockerReason)(title("keys of stack persistent", dockerReason), () => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await TestStack.create("persistent", { protectData: "false" });
    stack.set("workerDir", durableWorker(stack.home));
    await stack.up();
  });
  afterAll(async () => {
    await stack.remove();
    for (const volume of leftovers(stack.name).volumes) docker("volume", "rm", volume);
  });

  test("change under traffic: nothing is lost, nothing unsigned is taken", () => rotateUnderTraffic(stack), patience);
});

const processReason = await missing("pulumi", "inngest", "redis");
describe.skipIf(processReason)(title("keys of the process tier", processReason), () => {
  let stack: TestStack;
  let redis: ChildProcess;
  beforeAll(async () => {
    stack = await TestStack.create("dev");
    stack.set("workerDir", durableWorker(stack.home));
  });
  afterAll(async () => {
    await stack.remove();
    redis?.kill();
  });

  test("are not changed without a word where runs in flight would be lost", async () => {
    stack.set("durable", "false");
    await stack.up();
    const { exitCode, all } = await stack.command("keys", "rotate");
    expect(all).toBe(
      `no terminal to ask on: say --yes to rotate the keys of stack ${stack.name}, although its server restarts twice ` +
        "and loses its runs in flight each time",
    );
    expect(exitCode).toBe(2);
    expect(stack.settingsText()).not.toContain("inngest-local:keys:");
  });

  test(
    "change under traffic with Redis: no run is lost, no event but those the stopping server took, nothing unsigned is taken",
    async () => {
      const port = await freePorts(1);
      const password = randomBytes(16).toString("hex");
      const folder = join(stack.home, "redis");
      mkdirSync(folder);
      redis = spawn("redis-server", ["-"], { cwd: folder, stdio: ["pipe", "ignore", "inherit"] });
      redis.stdin?.end(`bind 127.0.0.1\nport ${port}\nrequirepass ${password}\nappendonly yes\nsave ""\n`);
      stack.set("durable", "true");
      await stack.setSecret("redisUrl", `redis://:${password}@127.0.0.1:${port}`);
      await stack.up();
      // Nothing stands before the server here that could hold events back while it stops.
      await rotateUnderTraffic(stack, { noGateway: true });
    },
    patience,
  );
});
