// Proves how cli/run.mjs runs a command on the Node that started it, and on a brought one, which a script plays. Does not
// prove what npm installs, which is for tests/integration/install.test.ts.
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { engineFolder } from "../../lib/host/paths.ts";
import { nodeVersion } from "../../lib/node.mjs";
import { sharedFolder } from "../../lib/npm.mjs";
import { Home } from "../support/host.ts";

const runner = resolve("cli/run.mjs");

test("a command runs in the process that was started, in the project's folder, with its exit code", async () => {
  const { exitCode, stderr } = await execa(process.execPath, [runner, "destroy", "--stack", "a b", "--colour"], {
    cwd: "/",
    reject: false,
  });
  expect(stderr).toContain("error: unknown option '--colour'");
  expect(exitCode).toBe(2);
  const program = `process.on("exit", () => console.log(process.cwd(), process.argv.slice(1).join(" ")));`;
  const args = ["--import", `data:text/javascript,${program}`, runner, "doctor", "--help"];
  const { stdout } = await execa(process.execPath, args, { cwd: "/" });
  expect(stdout).toContain(`${resolve(".")} ${resolve("cli/doctor.ts")} --help`);
});

test("the Node that is brought is beside the other engines", () => {
  expect(join(sharedFolder(), "engines", "node", "1")).toBe(engineFolder("node", "1"));
});

test("a name that is no command and no tool is refused", async () => {
  const { exitCode, stderr } = await execa(process.execPath, [runner, "satrt"], { reject: false });
  expect(stderr).toBe("there is no command satrt. Remedy: npm run, which lists them");
  expect(exitCode).toBe(1);
});

describe("on a machine whose Node is too old", () => {
  let home: Home;
  beforeEach(() => {
    home = new Home();
  });
  afterEach(() => home.dispose());

  function start(script: string, interpreter = "#!/bin/sh") {
    const data = process.platform === "darwin" ? "Library/Application Support" : "data";
    const node = join(home.folder, data, "inngest-local/engines/node", nodeVersion, "bin/node");
    mkdirSync(dirname(node), { recursive: true });
    writeFileSync(node, `${interpreter}\n${script}\n`);
    chmodSync(node, 0o755);
    const old = "data:text/javascript,Object.defineProperty(process.features, 'typescript', { value: false })";
    return execa(process.execPath, ["--import", old, runner, "doctor", "--json"], {
      env: { HOME: home.folder, XDG_DATA_HOME: join(home.folder, "data") },
      reject: false,
    });
  }

  test("the brought one gets the arguments, and is the first on PATH; its exit code is the command's", async () => {
    const { exitCode, stdout } = await start('echo "$@"; command -v node; exit 7');
    const [args, node] = stdout.split("\n");
    expect(args).toBe(`${resolve("cli/doctor.ts")} --json`);
    expect(node).toMatch(new RegExp(`${home.folder}.*/node/${nodeVersion}/bin/node$`));
    expect(exitCode).toBe(7);
  });

  test("SIGTERM reaches it", async () => {
    const running = start("trap 'exit 9' TERM; echo up; while :; do sleep 0.05; done");
    running.stdout.once("data", () => running.kill("SIGTERM"));
    expect((await running).exitCode).toBe(9);
  });

  test("the signal that kills it is the one that ends the command", async () => {
    expect((await start("kill -KILL $$")).signal).toBe("SIGKILL");
  });

  test("one that cannot be started is reported without a stack trace", async () => {
    const { exitCode, stderr } = await start("", "#!/nowhere");
    expect(stderr).toMatch(
      /^\S+\/bin\/node could not be started \(spawn .* ENOENT\)\. Remedy: delete it and run this again$/,
    );
    expect(exitCode).toBe(1);
  });
});
