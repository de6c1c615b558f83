// Proves with a real CLI and real processes that a stack of another clone, folder, name or backend is recognised before
// anything changes, that it can be taken over, and that ports which are taken are left to whoever has them. Does not
// prove another machine, user, Docker engine or cluster: tests/process/home.test.ts and tests/unit/home.test.ts.
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunRecord } from "../../lib/host/spec.ts";
import { missing, title } from "../../tools/engine.ts";
import { linkProject, TestStack } from "../../tools/test-stack.ts";
import { listen } from "../support/host.ts";
import { filesBelow } from "../support/leaks.ts";

const reason = await missing("pulumi", "inngest");

let stack: TestStack;
let first: string;
let second: string;

/** A folder with a project of its own, and the stack's settings in it. */
function clone(name: string): string {
  const folder = join(stack.home, name);
  mkdirSync(folder);
  copyFileSync("Pulumi.yaml", join(folder, "Pulumi.yaml"));
  linkProject(folder);
  return folder;
}

/** Runs one of the project's commands in a folder. */
async function types(folder: string, [command = "", ...args]: string[], extra: NodeJS.ProcessEnv = {}) {
  const { exitCode, all, stdout } = await execa(process.execPath, [resolve("cli", `${command}.ts`), ...args], {
    cwd: folder,
    env: { ...stack.environment, ...extra },
    extendEnv: false,
    reject: false,
    all: true,
    stdin: "ignore",
  });
  return { exitCode, all, stdout };
}

const start = (folder: string, ...flags: string[]) => types(folder, ["start", "--stack", stack.name, ...flags]);
const settingsOf = (folder: string) => readFileSync(join(folder, `Pulumi.${stack.name}.yaml`), "utf8");
const recordOf = (service: string): RunRecord =>
  JSON.parse(readFileSync(join(stack.dataFolder, "run", `${service}.json`), "utf8"));
const records = () => ["server", "worker", "janitor"].map(recordOf);

beforeAll(async () => {
  if (reason) return;
  stack = await TestStack.create("dev");
  first = clone("first");
  second = clone("second");
});
afterAll(async () => {
  if (reason) return;
  await types(second, ["destroy", "--stack", stack.name, "--yes"], { INNGEST_LOCAL_TAKE_OVER: "1" });
  rmSync(stack.home, { recursive: true });
});

describe.skipIf(reason)(title("a stack", reason), () => {
  test("takes free ports at its first start, and keeps them", async () => {
    const settings = `# Mine.\nconfig:\n  inngest-local:supervisor: none\n  inngest-local:workerPort: ${stack.workerPort}\n`;
    writeFileSync(join(first, `Pulumi.${stack.name}.yaml`), settings);
    // Something of this machine may have the port already.
    const held = await listen(8288).catch(() => undefined);
    const { exitCode, all } = await start(first);
    expect(all).toMatch(
      /^Port 82\d\d is taken by .*, so stack dev-\d+ gets `port` \d+, now in Pulumi\.dev-\d+\.yaml\.$/m,
    );
    expect(exitCode).toBe(0);
    const moved = settingsOf(first);
    expect(moved).toMatch(new RegExp(`^${settings} {2}inngest-local:port: \\d+\n$`));
    held?.server.close();
    const again = await start(first);
    expect([again.exitCode, settingsOf(first)]).toEqual([0, moved]);
    copyFileSync(join(first, `Pulumi.${stack.name}.yaml`), join(second, `Pulumi.${stack.name}.yaml`));
  });

  test("of another clone is not changed, whatever the command", async () => {
    const before = records();
    const belongs = new RegExp(
      `stack ${stack.name} belongs to ${first} \\(.*\\), and this is another folder, ${second}\\. Remedy: work there; or ` +
        `go on here, which restarts it from this folder: npm start -- --stack ${stack.name} --take-over; or make one of ` +
        `your own: cp Pulumi\\.${stack.name}\\.yaml Pulumi\\.${stack.name}2\\.yaml && npm start -- --stack ${stack.name}2`,
    );
    for (const command of [
      ["start"],
      ["destroy", "--yes"],
      ["keys", "rotate", "--yes"],
      ["demo"],
      ["verify", "--disruptive"],
      ["upgrade", "--to", "9.9.9", "--yes"],
      ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive"],
    ]) {
      const { exitCode, all } = await types(second, [...command, "--stack", stack.name]);
      expect(all, command.join(" ")).toMatch(belongs);
      expect(all).not.toContain("completed in");
      expect(exitCode === 0, command.join(" ")).toBe(false);
    }
    expect(records()).toEqual(before);
  });

  test("of another clone is a warning of doctor", async () => {
    const { stdout } = await types(second, ["doctor", "--stack", stack.name, "--json"]);
    const { checks } = JSON.parse(stdout) as { checks: { id: string; status: string; seen: string }[] };
    expect(checks.find(({ id }) => id === "home")).toMatchObject({
      status: "warning",
      seen: expect.stringContaining(`belongs to ${first}`),
    });
  });

  test("goes with its folder when that is moved, and restarts from there", async () => {
    const before = records();
    const moved = `${first} moved`;
    renameSync(first, moved);
    const { exitCode, all } = await start(moved);
    expect(all).toContain(`Stack ${stack.name} moved with its folder from ${first} to ${moved}.\n`);
    expect(exitCode).toBe(0);
    expect(records().map(({ folder }) => folder)).toEqual([moved, moved, moved]);
    expect(records().map(({ pid }, index) => pid === before[index]?.pid)).toEqual([false, false, false]);
    first = moved;
  });

  test("of another backend is not changed", async () => {
    const before = records();
    const other = join(stack.home, "other");
    mkdirSync(other);
    const { exitCode, all } = await types(first, ["start", "--stack", stack.name, "--yes"], {
      PULUMI_BACKEND_URL: `file://${other}`,
    });
    expect(exitCode).toBe(1);
    expect(all).toMatch(
      new RegExp(
        `is here already \\((queue, )?server, worker, janitor\\), with its state at file://${stack.home}, and this is ` +
          `file://${other}\\. Remedy: go back to that state: pulumi login file://${stack.home}; or go on here, with new keys: `,
      ),
    );
    expect(records()).toEqual(before);
    // Nor is an empty one created there.
    expect(filesBelow(other).filter((file) => file.includes(stack.name))).toEqual([]);
  });

  test("that was renamed says so, and goes on when it has its name back", async () => {
    const before = records();
    const name = `${stack.name}-renamed`;
    await types(first, ["pulumi", "stack", "rename", name, "--stack", stack.name]);
    const { exitCode, all } = await types(first, ["start", "--stack", name]);
    expect(exitCode).toBe(1);
    expect(all).toContain(
      `stack ${name} was renamed, and what it has on this machine, its data too, has its former name ${stack.name}. ` +
        `Remedy: rename it back: npm run pulumi -- stack rename ${stack.name} --stack ${name}; `,
    );
    await types(first, ["pulumi", "stack", "rename", stack.name, "--stack", name]);
    expect((await start(first)).exitCode).toBe(0);
    expect(records()).toEqual(before);
  });

  test("is taken over by the clone that asks for it, and then no longer the other's", async () => {
    expect((await start(second, "--take-over")).exitCode).toBe(0);
    expect(records().map(({ folder }) => folder)).toEqual([second, second, second]);
    const { exitCode, all } = await start(first);
    expect([exitCode, all.includes(`belongs to ${second} (`)]).toEqual([1, true]);
  });
});
