// Proves, with real versions of Node and npm from the registry and an empty home each, that a fresh checkout installs
// itself, how large that is, and what is said where it cannot. Does not prove: what the commands then do, and Windows.
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { nodeVersion } from "../../lib/node.mjs";
import { title } from "../../tools/engine.ts";
import { eventually } from "../../tools/test-stack.ts";
import { NpmMachine, noRegistry } from "../support/npm-machine.ts";

const reason = noRegistry();
/** The oldest that will do, where the registry has it. */
const oldest = process.platform === "linux" ? "22.18.0" : "22";

let machine: NpmMachine;
afterEach(() => machine?.remove());

const help = () => machine.run("npm", "start", "--", "--help");
const expectHelp = ({ exitCode, stdout, stderr }: Awaited<ReturnType<typeof help>>) => {
  expect(stdout).toContain("Usage: npm run start");
  expect(stderr).not.toMatch(/warn|error/i);
  expect(exitCode).toBe(0);
};
const hasDev = () => existsSync(join(machine.checkout, "node_modules", "vitest"));

describe.skipIf(reason)(title("a fresh checkout", reason), () => {
  test("on npm 12 goes on after a kill; installs no development dependency, at most 250 MiB, and no second Node", async () => {
    machine = new NpmMachine("26", "12");
    const killed = help();
    await eventually(60_000, async () => {
      const there = readdirSync(join(machine.checkout, "node_modules"));
      if (there.length < 20) throw new Error("npm has only begun");
    });
    process.kill(-(killed.pid as number), "SIGKILL");
    await killed;
    expect(existsSync(join(machine.checkout, "node_modules", ".package-lock.json"))).toBe(false);
    expectHelp(await help());
    expect(hasDev()).toBe(false);
    const worker = 'import("./lib/dependencies.mjs").then((m) => console.log(m.installDependencies("worker")))';
    expect((await machine.run("node", "--eval", worker)).stdout).toContain("undefined");
    const [root, ofWorker] = [await machine.size("node_modules"), await machine.size("worker/node_modules")];
    expect(root).toBeLessThan(150);
    expect(ofWorker).toBeLessThan(100);
    expect(root + ofWorker).toBeLessThan(250);
    expect(existsSync(machine.shared)).toBe(false);
  });

  test("on npm 12 and Node 24: npm ci warns of nothing and is not repeated; a tool brings the development dependencies", async () => {
    machine = new NpmMachine("24", "12");
    const { exitCode, stderr } = await machine.run("npm", "ci", "--omit=dev");
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    const { npm_config_registry } = machine.environment;
    machine.environment.npm_config_registry = "http://127.0.0.1:1";
    expectHelp(await help());
    expect(hasDev()).toBe(false);
    machine.environment.npm_config_registry = npm_config_registry;
    expect((await machine.run("node", "cli/run.mjs", "tsc", "--version")).stdout).toMatch(/^Version \d/);
    expect(hasDev()).toBe(true);
  });

  test("on npm 10 and Node 20 without install scripts brings Node for all clones, at most 400 MiB with it", async () => {
    machine = new NpmMachine("20", "10.9.9", { npm_config_ignore_scripts: "true" });
    const first = await help();
    expect(first.stderr.split("\n")[0]).toBe(
      `Node ${(await machine.run("node", "--version")).stdout.slice(1)} is too old for this project, which needs 22.18: npm brings Node ${nodeVersion}`,
    );
    expectHelp({ ...first, stderr: "" });
    expect(readdirSync(join(machine.shared, "engines", "node"))).toEqual([nodeVersion]);
    // The worker's part is measured above.
    expect((await machine.size("node_modules")) + (await machine.size(machine.shared)) + 100).toBeLessThan(400);
    machine.environment.npm_config_registry = "http://127.0.0.1:1";
    expectHelp(await help());
    const usage = await machine.run("npm", "run", "--silent", "destroy", "--", "--colour");
    expect(usage.stderr).toContain("unknown option '--colour'");
    expect(usage.exitCode).toBe(2);
  });

  test("on npm 11 and the oldest Node installs through a proxy, with a cache of npm's that cannot be written", async () => {
    const seen: string[] = [];
    const proxy = createServer().on("connect", ({ url = "" }, client, head) => {
      seen.push(url);
      const [host, port] = url.split(":");
      const server = connect(Number(port), host, () => {
        client.write("HTTP/1.1 200 OK\r\n\r\n");
        server.write(head);
        client.pipe(server).pipe(client);
      });
      for (const socket of [client, server]) socket.on("error", () => socket.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const HTTPS_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    machine = new NpmMachine(oldest, "11", { HTTPS_PROXY });
    // No permission holds root back; such a file does.
    const isRoot = process.getuid?.() === 0;
    const cache = isRoot ? "/proc/version" : join(machine.home, "read-only");
    if (!isRoot) mkdirSync(cache, { mode: 0o555 });
    machine.environment.npm_config_cache = cache;
    try {
      expectHelp(await help());
      expect(seen.length).toBeGreaterThan(0);
      expect(readdirSync(machine.shared)).toEqual(["npm"]);
    } finally {
      proxy.close();
      proxy.closeAllConnections();
    }
  });

  const unreachable = { npm_config_registry: "http://127.0.0.1:1", npm_config_fetch_retries: "0" };
  const remedy =
    "its output is above. Remedy: correct what it names and run this again, which goes on. Where the registry cannot be " +
    "reached, name one that can: npm config set registry URL";

  test("where no registry is reached says what is missing within 5 s of npm, and leaves nothing", async () => {
    machine = new NpmMachine("24", "12", unreachable);
    machine.environment.npm_config_cache = join(machine.home, "empty");
    const npm = await machine.run("npm", "ci");
    const { stderr, exitCode, durationMs } = await help();
    expect(durationMs - npm.durationMs).toBeLessThan(5000);
    expect(stderr.split("\n").at(-1)).toBe(`npm could not install the dependencies of ${machine.checkout}; ${remedy}`);
    expect(exitCode).toBe(1);
    expect(existsSync(join(machine.checkout, "node_modules"))).toBe(false);
  });

  test("where the right Node cannot be brought says so, and leaves nothing", async () => {
    machine = new NpmMachine("20", "10.9.9", unreachable);
    machine.environment.npm_config_cache = join(machine.home, "empty");
    const { stderr, exitCode } = await help();
    expect(stderr.split("\n").at(-1)).toBe(
      `npm could not install Node ${nodeVersion}; ${remedy}. Or install Node 24 yourself: https://nodejs.org`,
    );
    expect(exitCode).toBe(1);
    expect(readdirSync(join(machine.shared, "engines", "node"))).toEqual([]);
  });

  test("without npm says what to install", async () => {
    machine = new NpmMachine("24", "12");
    const node = (await machine.run("node", "--print", "process.execPath")).stdout;
    machine.environment.PATH = "/nowhere";
    const { stderr, exitCode } = await machine.run(node, "cli/run.mjs", "start", "--help");
    expect(stderr).toBe(
      `npm could not be started to install the dependencies of ${machine.checkout} (spawnSync npm ENOENT). Remedy: install ` +
        "Node 24 with npm from https://nodejs.org",
    );
    expect(exitCode).toBe(1);
  });
});

test("the Node that is brought is the one of the images, and engines names the oldest", () => {
  const { engines } = JSON.parse(readFileSync("package.json", "utf8")) as { engines: { node: string } };
  expect(readFileSync("lib/node.mjs", "utf8")).toContain(`needs ${engines.node.replace(">=", "")}`);
  for (const file of ["lib/settings/schema.ts", "worker/Dockerfile"]) {
    expect(readFileSync(file, "utf8")).toContain(`node:${nodeVersion}-`);
  }
});
