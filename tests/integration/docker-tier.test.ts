// Real Pulumi CLI and plugins, Docker engine, server and worker; where images cannot be pulled, stand-ins of the same
// binaries on Debian. Does not prove: Docker Desktop, OrbStack, Colima, the published images themselves.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { durableWorker, finished, marks, startFiveRuns } from "../../tools/durable-worker.ts";
import { missing, title } from "../../tools/engine.ts";
import { eventually, passphrase, TestStack } from "../../tools/test-stack.ts";
import { crash, docker, leftovers, untilRunning } from "../support/containers.ts";
import { everyCommandLine, leaks } from "../support/leaks.ts";

const reason = await missing("pulumi", "docker");

/** The worker downloads its own health page, at the port where it sees itself. */
const task = (port: number) => ({
  name: "task/process",
  data: { url: `http://127.0.0.1:${port}/healthz`, outputPath: "a.json" },
});
const names = (changes: { op: string; resource: string }[]) =>
  changes.map(({ op, resource }) => `${op} ${resource}`).sort();

describe.skipIf(reason).each(["experiment", "persistent"])(title("stack %s", reason), (like) => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await TestStack.create(like);
  });
  afterAll(async () => {
    await stack.remove();
    for (const volume of leftovers(stack.name).volumes) docker("volume", "rm", volume);
  });
  const container = (role: string) => `inngest-${stack.name}-${role}`;

  test("a first up brings a server that runs an event's chain on the host's worker", async () => {
    await stack.up();
    await stack.completes(task(stack.workerPort), ["process-task", "record-task"]);
  });

  test("a second up, also after a refresh, has nothing to do", async () => {
    expect(await stack.changes()).toEqual([]);
    await stack.refresh();
    expect(await stack.changes()).toEqual([]);
  });

  test("the output says what is kept", async () => {
    const { durability } = await stack.outputs();
    expect(durability.kept).toBe(like === "persistent");
    expect(durability.text).toMatch(
      like === "persistent" ? / are kept/ : /^work and history are lost with the container/,
    );
  });

  test("only loopback is published, and the health check passes", async () => {
    const published = docker("ps", "--filter", `label=inngest-local.stack=${stack.name}`, "--format", "{{.Ports}}");
    // The queue is published for the worker, which runs on the host.
    const ports = like === "persistent" ? [stack.port, stack.port + 2] : [stack.port];
    expect(published.match(/[\d.]+:\d+->/g)?.sort()).toEqual(ports.map((port) => `127.0.0.1:${port}->`));
    await eventually(30_000, async () => {
      expect(docker("inspect", "--format", "{{.State.Health.Status}}", container("server"))).toBe("healthy");
    });
  });

  test("no key stands in clear in state, output, logs, arguments or labels", async () => {
    const { signingKey, eventKey } = await stack.outputs();
    const texts = {
      state: await stack.exportedState(),
      output: stack.printed,
      arguments: everyCommandLine(),
      "server log": docker("logs", container("server")),
      "worker log": readFileSync(join(stack.dataFolder, "logs", "worker.log"), "utf8"),
      container: docker("inspect", container("server")),
    };
    expect(leaks(texts, { signingKey, eventKey, passphrase })).toEqual([]);
    const file = docker("exec", container("server"), "cat", "/run/secrets/inngest.json");
    expect(leaks({ file }, { signingKey })).toEqual(["file: signingKey"]);
  });

  test("another port replaces the containers that are published, and nothing else", async () => {
    const before = stack.port;
    stack.set("port", before + 1);
    expect(names(await stack.changes())).toEqual([
      "replace docker:index/container:Container::gateway-caddy",
      ...(like === "persistent" ? ["replace docker:index/container:Container::queue-redis"] : []),
      "update command:local:Command::preflight-check",
      "update command:local:Command::processes-update",
      "update command:local:Command::registration-sync",
      "update command:local:Command::worker-process",
    ]);
    stack.set("port", before);
    expect(await stack.changes()).toEqual([]);
  });

  test("a server container that was removed comes back by a refreshing up", async () => {
    // A cron may have begun another one meanwhile, so they are compared by id.
    const ids = async () => (await (await stack.api()).runs(100)).map(({ id }) => id);
    const before = await ids();
    expect(before.length).toBeGreaterThan(0);
    docker("rm", "--force", container("server"));
    await stack.up("--refresh");
    const after = new Set(await ids());
    expect(before.filter((id) => after.has(id))).toEqual(like === "persistent" ? before : []);
    await stack.completes(task(stack.workerPort), ["process-task", "record-task"]);
  });

  test("destroy leaves the protected volumes and nothing else", async () => {
    await stack.destroy();
    expect(leftovers(stack.name)).toEqual({
      containers: [],
      volumes: like === "persistent" ? [container("data"), container("queue")] : [],
      networks: [],
    });
  });
});

describe.skipIf(reason)(title("stack persistent, worker in a container", reason), () => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await TestStack.create("persistent", { workerPlacement: "container", protectData: "false" });
  });
  afterAll(async () => {
    await stack.remove();
    docker("image", "rm", "--force", `inngest-${stack.name}-worker`);
  });

  test("the chain runs, and a second up has nothing to do", async () => {
    await stack.up();
    await stack.completes(task(3111), ["process-task", "record-task"]);
    expect(await stack.changes()).toEqual([]);
  });

  test("the worker's process is not root, and its image holds no key", async () => {
    const worker = `inngest-${stack.name}-worker`;
    expect(docker("exec", worker, "id", "-u")).not.toBe("0");
    const { signingKey, eventKey } = await stack.outputs();
    const image = { history: docker("history", "--no-trunc", worker), config: docker("image", "inspect", worker) };
    expect(leaks(image, { signingKey, eventKey })).toEqual([]);
  });

  test("destroy without protection leaves nothing", async () => {
    await stack.destroy();
    expect(leftovers(stack.name)).toEqual({ containers: [], volumes: [], networks: [] });
  });
});

describe.skipIf(reason)(title("durability", reason), () => {
  let stack: TestStack;
  afterAll(async () => {
    await stack.remove();
    for (const volume of leftovers(stack.name).volumes) docker("volume", "rm", volume);
  });
  const begin = async (like: string, seconds = 5) => {
    stack = await TestStack.create(like, { protectData: "false" });
    stack.set("workerDir", durableWorker(stack.home));
    await stack.up();
    await startFiveRuns(stack, seconds);
    // A mark is there before the server has what its step returned.
    await new Promise((resolve) => setTimeout(resolve, 500));
  };

  test("persistent: server and queue killed together, five of five runs finish and no finished step runs again", async () => {
    await begin("persistent");
    crash(`inngest-${stack.name}-server`, `inngest-${stack.name}-queue`);
    await eventually(90_000, async () => expect(finished(stack)).toBe(5));
    const counts = marks(stack);
    for (const run of [0, 1, 2, 3, 4]) expect([counts[`${run} a`], counts[`${run} b`]]).toEqual([1, 1]);
  });

  test("persistent: a removed server container comes back with the runs in flight", async () => {
    await stack.remove();
    await begin("persistent");
    docker("rm", "--force", `inngest-${stack.name}-server`);
    await stack.up("--refresh");
    await eventually(90_000, async () => expect(finished(stack)).toBe(5));
    const counts = marks(stack);
    for (const run of [0, 1, 2, 3, 4]) expect([counts[`${run} a`], counts[`${run} b`]]).toEqual([1, 1]);
  });

  test("experiment: a killed server forgets its runs, as the output warns", async () => {
    await stack.remove();
    await begin("experiment", 10);
    crash(`inngest-${stack.name}-server`);
    await eventually(10_000, async () => {
      expect(docker("inspect", "--format", "{{.State.Status}}", `inngest-${stack.name}-server`)).toBe("exited");
    });
    docker("start", `inngest-${stack.name}-server`);
    await untilRunning(`inngest-${stack.name}-server`);
    await new Promise((resolve) => setTimeout(resolve, 20_000));
    expect(finished(stack)).toBe(0);
  });
});
