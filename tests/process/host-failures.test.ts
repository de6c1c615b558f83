// Proves what the host scripts print when a process cannot be started, and what they read from Docker, which is a script
// here. Does not prove anything about real engines: the integration suites do.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { holderOf, isTaken } from "../../lib/host/ports.ts";
import type { ListenOn } from "../../lib/host/spec.ts";
import { hostGateway, publishedPorts } from "../../lib/places/docker-engine.ts";
import { answerOf, freePort, Home, listen, tinyService } from "../support/host.ts";

let home: Home;
let port: number;
beforeEach(async () => {
  home = new Home();
  port = await freePort();
});
afterEach(() => home.dispose());

describe("a taken port", () => {
  test("is refused with the name of its holder, before anything is written", async () => {
    const { server, port: taken } = await listen();
    const holder = await holderOf(taken);
    const by = holder ? `${holder.command} (pid ${process.pid})` : "a process that this user may not see";
    expect(await home.reconcile(tinyService(taken))).toEqual({
      code: 1,
      stdout: "",
      stderr: `port ${taken} of test's server is taken by ${by}. Remedy: stop it, or choose another port\n`,
    });
    expect(existsSync(home.data)).toBe(false);
    server.close();
  });

  test("is detected, and its holder found by pid", async () => {
    const { server, port: taken } = await listen();
    expect(await isTaken({ host: "127.0.0.1", port: taken })).toBe(true);
    expect([undefined, process.pid]).toContain((await holderOf(taken))?.pid);
    await new Promise((resolve) => server.close(resolve));
    expect(await isTaken({ host: "127.0.0.1", port: taken })).toBe(false);
    expect(await holderOf(taken)).toBeUndefined();
  });
});

describe("a program that ends while it starts", () => {
  test("is reported with the end of its log without secrets, and is not left running", async () => {
    const { code, stdout, stderr } = await home.reconcile(tinyService(port, { environment: { MODE: "broken" } }));
    const lines = Array.from({ length: 14 }, (_, index) => `line ${index + 17}\n`).join("");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toBe(
      "the server of stack test ended while it started.\n" +
        `Its log (tail -n 15 ${join(home.data, "logs/server.log")}) ends with:\n${lines}cannot start with [secret]\n`,
    );
    expect(existsSync(join(home.data, "run/server.json"))).toBe(false);
  });

  test("is reported without the secrets of its files", async () => {
    const spec = tinyService(port, {
      environment: { MODE: "broken", SECRET: "0123456789abcdef" },
      envFile: { PORT: String(port) },
    });
    const { stderr } = await home.reconcile(spec);
    expect(stderr).toContain("cannot start with [secret]");
    expect(stderr).not.toContain("0123456789abcdef");
  });

  test("is started by the next attempt once it is fixed", async () => {
    await home.reconcile(tinyService(port, { environment: { MODE: "broken" } }));
    expect((await home.reconcile(tinyService(port))).code).toBe(0);
    expect(await answerOf(port)).toBeDefined();
  });
});

test("a program that is not on this machine is reported with a remedy", async () => {
  const spec = tinyService(port, { program: { kind: "bun" } });
  expect(await home.reconcile(spec, { PATH: home.command("nothing", "") })).toEqual({
    code: 1,
    stdout: "",
    stderr:
      "`runtime` is bun, and no `bun` is on PATH. Remedy: install Bun (https://bun.sh), or pulumi config set runtime node\n",
  });
});

test("a value that an env file cannot contain is reported by its name alone", async () => {
  const spec = tinyService(port, { envFile: { PORT: String(port), SECRET: "pa$$word-of-sixteen" } });
  const { code, stderr } = await home.reconcile(spec);
  expect(code).toBe(1);
  expect(stderr).toContain("the variable SECRET must not contain");
  expect(stderr).not.toContain("pa$$word-of-sixteen");
});

describe.skipIf(process.platform !== "linux")("an engine on Linux", () => {
  const inspecting = (gateway: string) => ({ PATH: home.command("docker", `echo '${gateway}'`) });

  test.each([
    ["127.0.0.2 127.0.0.0/8", "127.0.0.2"],
    // Docker 20.10 reports no gateway until a container has used the bridge.
    [" 127.0.5.0/24", "127.0.5.1"],
    // Not an address of this machine: the engine runs in a virtual machine, or elsewhere.
    ["203.0.113.1 203.0.113.0/24", undefined],
  ])("with the bridge %j reaches this machine at %s", async (bridge, address) => {
    vi.stubEnv("PATH", inspecting(bridge).PATH);
    expect(await hostGateway()).toBe(address);
  });

  test.each([
    ["127.0.0.2 127.0.0.0/8", "127.0.0.1,127.0.0.2"],
    ["203.0.113.1 203.0.113.0/24", "127.0.0.1"],
  ])("with the bridge %j makes a worker that containers call listen on %s", async (bridge, hosts) => {
    const HOST: ListenOn = { listenOn: ["loopback", "dockerBridge"] };
    const envFile = { PORT: String(port), HOST, DATA_DIR: { inDataDir: "worker" } };
    const spec = tinyService(port, { containers: {}, envFile });
    expect((await home.reconcile(spec, inspecting(bridge))).code).toBe(0);
    const text = readFileSync(join(home.data, "server/server.env"), "utf8");
    expect(text).toBe(`DATA_DIR=${home.data}/worker\nHOST=${hosts}\nPORT=${port}\n`);
  });
});

test("the ports that a stack's containers publish are read from the engine", async () => {
  const script = `
    [ "$*" = "--context colima ps --filter label=inngest-local.stack=test --format {{.Ports}}" ] || exit 1
    echo '127.0.0.1:8288->8288/tcp'
    echo '6379/tcp'
    echo '127.0.0.1:9100->3111/tcp, [::1]:9101->3112/tcp'`;
  vi.stubEnv("PATH", `${home.command("docker", script)}:${process.env.PATH}`);
  expect(await publishedPorts("test", "colima")).toEqual([8288, 9100, 9101]);
  expect(await publishedPorts("test")).toEqual([]);
});
