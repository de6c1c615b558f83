// Proves what a stack's home is, and that the preflight refuses one that belongs elsewhere before anything changes. Docker
// is a script here. Does not prove what Pulumi keeps of it: tests/integration/take-over.test.ts.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { FormerHome, Home as StackHome } from "../../lib/stack/home.ts";
import { freePort, Home, tinyService } from "../support/host.ts";
import { ownHome } from "../support/own-home.ts";

let home: Home;
beforeEach(() => {
  home = new Home();
});
afterEach(() => home.dispose());

const needs = { stack: "test", services: ["server"] };

async function homeOf(spec: object, extra: NodeJS.ProcessEnv = {}): Promise<StackHome> {
  const { stdout, stderr } = await home.node(["scripts/home.ts"], JSON.stringify({ ...needs, ...spec }), extra);
  if (stderr) throw new Error(stderr);
  return JSON.parse(stdout) as StackHome;
}

/** What an `up` from `from` has left in the state. */
const left = (from: Partial<StackHome>) => {
  const former: FormerHome = { ...ownHome, ...from, since: "2026-03-01T10:20:30.000Z" };
  return { PULUMI_COMMAND_STDOUT: `${home.data}\n${JSON.stringify(former)}` };
};

/** A folder with a project in it. */
function projectAt(name: string): string {
  const folder = join(home.folder, name);
  mkdirSync(folder);
  writeFileSync(join(folder, "Pulumi.yaml"), "");
  return folder;
}

describe("a stack's home", () => {
  test("is the machine without its id, the user, the folder, and the backend without credentials", async () => {
    const found = await homeOf({}, { PULUMI_BACKEND_URL: "postgres://me:hunter2@db.example.org/state?sslmode=off" });
    expect(found).toEqual({
      stack: "test",
      machine: expect.stringMatching(/^[0-9a-f]{16}$/),
      host: hostname(),
      user: userInfo().username,
      folder: process.cwd(),
      backend: "postgres://db.example.org/state",
    });
  });

  // A command finds no variable of the backend that it gives to Pulumi, and `up` does.
  test("is the same for a command and for up where the user is logged in to no backend", async () => {
    const { backend } = await homeOf({});
    expect(backend).toMatch(/^file:\/\/\/.+\/state$/);
    expect((await homeOf({}, { PULUMI_BACKEND_URL: backend })).backend).toBe(backend);
  });

  test("has the id of the Docker engine, and the name by which it is reached", async () => {
    const folder = home.command(
      "docker",
      'case "$*" in *"info --format {{.ID}} {{.DockerRootDir}}"*) echo "engine of $2" ;; esac',
    );
    const PATH = `${folder}:${process.env.PATH}`;
    const docker = { context: "colima", images: [] };
    const { engine } = await homeOf({ docker }, { PATH });
    expect(engine).toEqual({ kind: "docker", id: "engine of colima", name: "colima" });
    const DOCKER_HOST = "unix:///run/other.sock";
    expect((await homeOf({ docker: { images: [] } }, { PATH, DOCKER_HOST })).engine?.name).toBe(DOCKER_HOST);
  });

  test("has the id of the cluster", async () => {
    const folder = home.command("kubectl", 'case "$*" in *"namespace kube-system"*) echo "uid of $2" ;; esac');
    const kubernetes = { context: "kind" };
    const { engine } = await homeOf({ kubernetes }, { PATH: `${folder}:${process.env.PATH}` });
    expect(engine).toEqual({ kind: "kubernetes", id: "uid of kind", name: "kind" });
  });

  test("has no engine while that does not answer", async () => {
    const folder = home.command("docker", "exit 1");
    expect((await homeOf({ docker: { images: [] } }, { PATH: folder })).engine).toBeUndefined();
  });
});

describe("the preflight", () => {
  test("refuses another clone's stack, and says nothing else", async () => {
    const folder = projectAt("first");
    const { code, stderr } = await home.preflight({ dataDir: home.file("file") }, left({ folder }));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^stack test belongs to .*first \(ada on laptop, since .*another folder, .*\n$/);
  });

  test("passes another clone's stack that is taken over", async () => {
    const environment = { ...left({ folder: projectAt("first") }), INNGEST_LOCAL_TAKE_OVER: "1" };
    expect(await home.preflight({}, environment)).toMatchObject({ code: 0, stderr: "" });
  });

  test("passes a stack whose folder was moved", async () => {
    expect(await home.preflight({}, left({ folder: "/nowhere/first" }))).toMatchObject({ code: 0, stderr: "" });
  });

  test("takes the services of a renamed stack that is taken over for its own", async () => {
    const port = await freePort();
    await home.reconcile(tinyService(port));
    const spec = { stack: "renamed", ports: [{ setting: "port", port }] };
    const environment = { ...left({}), INNGEST_LOCAL_TAKE_OVER: "1" };
    expect(await home.preflight(spec, environment)).toMatchObject({ code: 0, stderr: "" });
  });

  test("refuses services that another backend's state has here, until they are taken over", async () => {
    const port = await freePort();
    const first = await home.preflight({});
    await home.reconcile(tinyService(port));
    const other = { home: JSON.stringify({ ...ownHome, backend: "https://api.pulumi.com" }) };
    const { code, stderr } = await home.preflight(other);
    expect([first.code, code]).toEqual([0, 1]);
    expect(stderr).toMatch(/^a stack test of .* is here already \(server\), with its state at file:\/\/\/state, and /);
    expect((await home.preflight(other, { INNGEST_LOCAL_TAKE_OVER: "1" })).code).toBe(0);
    // The former backend's state has been up before, and is not the one that has them now.
    expect((await home.preflight({}, left({}))).stderr).toContain("with its state at https://api.pulumi.com, and");
  });

  test("passes what a state that was lost has left here", async () => {
    await home.preflight({});
    await home.reconcile(tinyService(await freePort()));
    expect(await home.preflight({})).toMatchObject({ code: 0, stderr: "" });
  });

  test("removes the containers of a stack that is taken over into a new state", async () => {
    const log = join(home.folder, "calls");
    const script = `echo "$*" >> ${log}; case "$*" in "container ls"*) echo inngest-test-server ;; esac`;
    const PATH = `${home.command("docker", script)}:${process.env.PATH}`;
    const spec = { services: [], docker: { images: [] } };
    const refused = await home.preflight(spec, { PATH });
    expect(refused.stderr).toMatch(/^a stack test is here already \(inngest-test-server\), and the state at /);
    expect(readFileSync(log, "utf8")).not.toContain("container rm");
    expect((await home.preflight(spec, { PATH, INNGEST_LOCAL_TAKE_OVER: "1" })).code).toBe(0);
    expect(readFileSync(log, "utf8")).toContain("container rm --force inngest-test-server\n");
  });
});

test("a service whose project has moved is observed under another id, and restarted from there", async () => {
  const port = await freePort();
  const service = tinyService(port);
  await home.reconcile(service);
  const record = join(home.data, "run", "server.json");
  const before = JSON.parse(readFileSync(record, "utf8"));
  expect((await home.observe()).stdout).toBe("first");
  writeFileSync(record, JSON.stringify({ ...before, folder: "/nowhere/first" }));
  expect((await home.observe()).stdout).not.toBe("first");
  await home.reconcile(service);
  const after = JSON.parse(readFileSync(record, "utf8"));
  expect(after.folder).toBe(process.cwd());
  expect(after.pid).not.toBe(before.pid);
});
