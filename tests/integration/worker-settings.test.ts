// How work reaches a worker, on the real engine: by calls, by a connection, in an app that the stack does not start.
// Does not prove: a worker on another machine.
import { type ChildProcess, spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { redisPassword } from "../../lib/render/redis-conf.ts";
import { bunFolders } from "../../tools/bun.ts";
import { durableWorker } from "../../tools/durable-worker.ts";
import { missing, title } from "../../tools/engine.ts";
import { eventually, TestStack } from "../../tools/test-stack.ts";
import { docker, leftovers } from "../support/containers.ts";

const reason = await missing("pulumi", "inngest");
const noDocker = reason ?? (await missing("docker"));

let stack: TestStack;
let app: ChildProcess | undefined;
afterEach(async () => {
  if (app) {
    const ended = new Promise((resolve) => app?.once("exit", resolve));
    app.kill();
    await ended;
    app = undefined;
  }
  await stack?.remove();
});

const chainCompletes = () =>
  stack.completes(
    { name: "task/process", data: { url: `http://127.0.0.1:${stack.workerPort}/healthz`, outputPath: "a.json" } },
    ["process-task", "record-task"],
  );

describe.skipIf(reason)(title("a worker on the process tier", reason), () => {
  test("that connects runs a chain, and a second up has nothing to do", async () => {
    stack = await TestStack.create("dev", { transport: "connect" });
    await stack.up();
    await chainCompletes();
    expect(await stack.changes()).toEqual([]);
  });

  test("that runs on Bun", async () => {
    process.env.PATH = [...bunFolders, process.env.PATH].join(delimiter);
    stack = await TestStack.create("dev", { runtime: "bun" });
    await stack.up();
    await chainCompletes();
  });

  test("that changes by serve and by connect in place", async () => {
    stack = await TestStack.create("dev");
    await stack.up();
    stack.set("transport", "connect");
    await stack.up();
    await chainCompletes();
    stack.set("transport", "serve");
    await stack.up();
    await chainCompletes();
  });

  test("that is an app of one's own and comes up after the stack", async () => {
    stack = await TestStack.create("dev", { runtime: "external" });
    stack.set("workerUrl", `http://127.0.0.1:${stack.workerPort}/api/inngest`);
    await stack.up();
    const { appEnvironment } = await stack.outputs();
    const folder = durableWorker(stack.home);
    app = spawn("node", ["serve.ts"], {
      cwd: folder,
      env: { PATH: process.env.PATH, ...appEnvironment, PORT: String(stack.workerPort), DATA_DIR: stack.home },
      stdio: "inherit",
    });
    const api = await stack.api();
    await eventually(30_000, async () => {
      const functions = (await api.functions("durable")).map(({ id }) => id);
      expect(functions.sort()).toEqual(["asleep", "mid-step", "retrying", "waiting"]);
    });
    await stack.completes({ name: "durable/asleep", data: { run: "1", seconds: 1 } }, ["asleep"]);
  });
});

describe.skipIf(noDocker)(title("a worker on the Docker tier", noDocker), () => {
  const removeVolumes = () => {
    for (const volume of leftovers(stack.name).volumes) docker("volume", "rm", volume);
  };

  test("that connects from the host, with the queue's Redis for shared state and the gateway's stream", async () => {
    stack = await TestStack.create("persistent", { transport: "connect" });
    await stack.up();
    await chainCompletes();
    const stream = () =>
      Number(
        docker("exec", `inngest-${stack.name}-queue`, "sh", "-c", `${redisPassword}; redis-cli XLEN inngest:gateway`),
      );
    await eventually(90_000, async () => expect(stream()).toBeGreaterThan(0));
    expect(await stack.changes()).toEqual([]);
    await stack.destroy();
    removeVolumes();
  });

  test("that connects from a container", async () => {
    stack = await TestStack.create("persistent", { transport: "connect", workerPlacement: "container" });
    await stack.up();
    await stack.completes(
      { name: "task/process", data: { url: "http://127.0.0.1:3111/healthz", outputPath: join("a", "b.json") } },
      ["process-task", "record-task"],
    );
    await stack.destroy();
    removeVolumes();
    docker("image", "rm", "--force", `inngest-${stack.name}-worker`);
  });
});
