// Real Pulumi CLI and plugins, server, worker, Docker engine: no secret of a stack is where others may look, and each
// place is shown to be looked at by a secret put there. Does not prove: macOS, the units of a real systemd (see
// supervision-systemd.test.ts), the memory of the processes.
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missing, title } from "../../tools/engine.ts";
import { eventually, TestStack } from "../../tools/test-stack.ts";
import { docker, leftovers } from "../support/containers.ts";
import { exposed, leaks, secretsOf } from "../support/leaks.ts";

const reason = await missing("pulumi", "inngest", "docker");
const variants: [string, Record<string, string>][] = [
  ["dev", {}],
  ["persistent", { protectData: "false" }],
  ["persistent", { protectData: "false", workerPlacement: "container" }],
];

describe.skipIf(reason).each(variants)(title("stack %s %j", reason), (like, settings) => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await TestStack.create(like, settings);
  });
  afterAll(async () => {
    await stack.remove();
    for (const volume of leftovers(stack.name).volumes) docker("volume", "rm", volume);
    if (settings.workerPlacement) docker("image", "rm", "--force", `inngest-${stack.name}-worker`);
  });

  test("shows no secret after up, a run, a failed up and a refused event", async () => {
    await stack.up();
    const port = settings.workerPlacement ? 3111 : stack.workerPort;
    const data = { url: `http://127.0.0.1:${port}/healthz`, outputPath: "a.json" };
    await stack.completes({ name: "task/process", data }, ["process-task", "record-task"]);
    const { signingKey, eventKey } = await stack.outputs();
    await (await stack.api()).send(`${eventKey}x`, { name: "task/process", data }).catch(() => {});
    const port0 = stack.port;
    stack.set("port", 1);
    stack.set("workerDir", "/nowhere");
    await stack.failingUp();
    stack.set("port", port0);
    stack.set("workerDir", "worker");
    await stack.up();
    const secrets = await secretsOf(stack, { signingKey, eventKey });
    expect(Object.keys(secrets).length).toBeGreaterThanOrEqual(like === "dev" ? 5 : 6);
    expect(leaks(await exposed(stack), secrets)).toEqual([]);
  });
});

describe.skipIf(reason)(title("a secret put there is found in", reason), () => {
  const secret = `planted-${process.pid}-0123456789`;
  let stack: TestStack;
  let scratch: string;
  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), "planted-"));
    stack = await TestStack.create("dev");
    await stack.up();
  });
  afterAll(async () => {
    await stack.remove();
    rmSync(scratch, { recursive: true });
  });
  const places = async () => leaks(await exposed(stack), { secret }).map((leak) => leak.split(":")[0]);
  const file = (path: string, mode = 0o600) => {
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, secret);
    chmodSync(path, mode);
    return () => rmSync(path);
  };

  const plants: [string[], () => Promise<() => unknown> | (() => unknown)][] = [
    [["receipts"], () => file(join(stack.dataFolder, "run", "planted.json"))],
    [["files open to others"], () => file(join(stack.dataFolder, "worker", "planted"), 0o644)],
    [["host logs"], () => file(join(stack.dataFolder, "logs", "planted.log"))],
    [
      ["unit files and plists"],
      () => file(join(homedir(), ".config", "systemd", "user", `planted-${stack.name}.service`)),
    ],
    [["arguments"], () => sleeper([secret], {})],
    [
      ["first environments"],
      () => {
        const end = sleeper([], { PLANTED: secret });
        const record = join(stack.dataFolder, "run", "planted.json");
        writeFileSync(record, JSON.stringify({ pid: end.pid }));
        return () => {
          end();
          rmSync(record);
        };
      },
    ],
    [
      ["container logs", "containers"],
      () => {
        const name = `planted-${stack.name}`;
        const label = `inngest-local.stack=${stack.name}`;
        docker("run", "--name", name, "--label", label, "redis:7.2.16-alpine", "echo", secret);
        return () => docker("rm", name);
      },
    ],
    [
      ["images"],
      () => {
        writeFileSync(join(scratch, "planted"), secret);
        writeFileSync(join(scratch, "Dockerfile"), "FROM scratch\nCOPY planted /\n");
        execFileSync("docker", ["build", "--quiet", "--tag", `inngest-${stack.name}-planted`, scratch]);
        return () => docker("image", "rm", `inngest-${stack.name}-planted`);
      },
    ],
    [
      ["state", "state files"],
      async () => {
        const before = await stack.exportedState();
        const { deployment, ...rest } = JSON.parse(before);
        deployment.resources.find(({ type }: { type: string }) => type.startsWith("random:")).inputs.overrideSpecial =
          Buffer.from(secret).toString("base64");
        await stack.importState(JSON.stringify({ ...rest, deployment }));
        return () => stack.importState(before);
      },
    ],
    [
      ["plan", "event log"],
      () => {
        stack.set("dockerContext", secret);
        return () => stack.set("dockerContext", "");
      },
    ],
    [
      ["output and errors"],
      async () => {
        stack.set("workerDir", `/nowhere/${secret}`);
        await stack.failingUp();
        stack.set("workerDir", "worker");
        return () => {};
      },
    ],
  ];

  test.each(plants)("%j", async (expected, plant) => {
    const restore = await plant();
    try {
      await eventually(10_000, async () => expect(await places()).toEqual(expect.arrayContaining(expected)));
    } finally {
      await restore();
    }
  });

  function sleeper(args: string[], env: Record<string, string>) {
    const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 100_000)", ...args], { env, stdio: "ignore" });
    return Object.assign(() => child.kill(), { pid: child.pid });
  }
});
