// The commands as a newcomer runs them, who follows docs/getting-started.md on a fresh clone with a home of their own.
// Does not prove: the download of the Pulumi CLI and its plugins, which come from the machine. With WRITE_PICTURES set it
// writes the dashboard's picture of the README.
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missing, title } from "../../tools/engine.ts";
import { eventually } from "../../tools/test-stack.ts";
import { Browser } from "../support/browser.ts";
import { shellCommands } from "../support/documents.ts";
import { Newcomer } from "../support/newcomer.ts";

const reason = await missing("pulumi", "inngest");

describe.skipIf(reason)(title("commands in a clean checkout", reason), () => {
  const newcomer = new Newcomer();
  const { home } = newcomer;
  const npm = (...args: string[]) => newcomer.types(["npm", ...args].map((arg) => `'${arg}'`).join(" "));
  const [, ...steps] = shellCommands(readFileSync("docs/getting-started.md", "utf8"));
  /** What a command of the page does, for the tests that come after it. */
  const followed = async (step: string) => {
    expect(steps).toContain(step);
    return await newcomer.types(step);
  };

  beforeAll(() => newcomer.clone());
  afterAll(() => newcomer.leave("dev"));

  test("the page: npm start ends with a completed function and its dashboard, and leaves git status clean", async () => {
    const { exitCode, all } = await followed("npm start");
    expect(all).toMatch(/Function process-task completed in \d+ ms/);
    expect(all).toMatch(/^✓ {2}server +started +\d+\.\d s$/m);
    expect(all).toMatch(/^Dashboard {3}http:\/\/localhost:8288$/m);
    expect(all).toMatch(/^Demo {8}npm run demo$/m);
    expect(all).not.toContain("Undefined value");
    expect(exitCode).toBe(0);
    expect(newcomer.git("status", "--porcelain")).toBe("");
  });

  test("the page: every other command of it does what it says", async () => {
    const [start, demo = "", send = "", logs = "", open = "", verify = "", destroy, ...more] = steps;
    expect([start, destroy, more]).toEqual(["npm start", "npm run destroy -- --stack dev --yes", []]);
    const shown = await followed(demo);
    expect(shown.all).toMatch(/^✓ {2}finish .*the interrupted step ran \d+ times, every other step once$/m);
    expect(shown.exitCode).toBe(0);
    const sent = await followed(send);
    expect(sent.all).toMatch(/^update-project completed/m);
    expect(sent.exitCode).toBe(0);
    expect((await followed(logs)).exitCode).toBe(0);
    const opened = await followed(open);
    expect(opened.all).toContain("http://localhost:8288");
    expect(opened.exitCode).toBe(0);
    expect((await followed(verify)).exitCode).toBe(0);
  });

  test.skipIf(Browser.missing())("the dashboard shows the demo's run, step by step", async () => {
    const browser = await Browser.start();
    try {
      const texts = () => browser.run("document.body.innerText").then(String);
      await browser.open("http://localhost:8288/runs");
      const probes = /([0-9A-Z]{26})\s+verify\/probe\s+verify-probe\s/g;
      await eventually(20_000, async () => expect(await texts()).toMatch(probes));
      // The newest are first, and `verify` has run since the demo.
      const [, run] = [...(await texts()).matchAll(probes)].at(-1) ?? [];
      await browser.open(`http://localhost:8288/run?runID=${run}`);
      await eventually(20_000, async () => expect(await texts()).toMatch(/\bfirst\b.*\bhold\b.*\blast\b/s));
      const picture = await browser.screenshot({ width: 1280, height: 720 });
      if (process.env.WRITE_PICTURES) writeFileSync("docs/pictures/dashboard.png", picture);
    } finally {
      await browser.close();
    }
  });

  test("the page diff.md: each of its commands plans every stack, and changes nothing", async () => {
    newcomer.git("tag", "v0.1.0");
    const commands = shellCommands(readFileSync("docs/diff.md", "utf8"));
    expect(commands.length).toBeGreaterThan(3);
    for (const command of commands) {
      const { all, exitCode } = await newcomer.types(command);
      expect(all, command).toMatch(/no changes|"changed": false/i);
      expect(exitCode, command).toBe(0);
    }
    expect(newcomer.git("status", "--porcelain")).toBe("");
  });

  test("the passphrase is the owner's alone, and outside of the checkout", () => {
    const file = join(home, "config", "inngest-local", "passphrase");
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("npm start again changes nothing", async () => {
    const { exitCode, all } = await npm("start");
    expect(all).toMatch(/^Stack dev: nothing to change \(\d+\.\d s\)\.$/m);
    expect(exitCode).toBe(0);
  });

  test("plain Pulumi sees the same stack", async () => {
    const { exitCode, all } = await npm("run", "pulumi", "--", "stack", "output", "dashboardUrl", "--stack", "dev");
    expect(all).toContain("http://localhost:8288");
    expect(exitCode).toBe(0);
  });

  test.each([
    ["start", ["--stack", "persitent"], "Remedy: --stack persistent"],
    ["start", ["--stakc", "dev"], "Did you mean --stack?"],
    ["verify", ["--force"], "--force is for --disruptive. Remedy: leave it out, or add --disruptive"],
    ["doctor", ["--stack", "devv"], "Remedy: --stack dev"],
    ["destroy", [], "required option '-s, --stack <stack>' not specified"],
    ["destroy", ["--stack", "dev"], "no terminal to ask on: say --yes to destroy stack dev (its data stays)"],
  ])("wrong usage of %s %j exits 2 and says what is right", async (command, flags, text) => {
    const { exitCode, all } = await npm("run", command, "--", ...flags);
    expect(all).toContain(text);
    expect(exitCode).toBe(2);
  });

  test("the page: destroy keeps the data", async () => {
    const { exitCode } = await followed(steps.at(-1) as string);
    expect(exitCode).toBe(0);
    expect(existsSync(join(home, "data", "inngest-local", "stacks", "dev"))).toBe(true);
  });

  test("npm run destroy --delete-data leaves neither process nor data", async () => {
    const { exitCode, all } = await npm("run", "destroy", "--", "--stack", "dev", "--delete-data", "--yes");
    expect(all).toContain("The data of stack dev is deleted.");
    expect(exitCode).toBe(0);
    expect(existsSync(join(home, "data", "inngest-local", "stacks", "dev"))).toBe(false);
    await expect(fetch("http://127.0.0.1:8288/health")).rejects.toThrow();
  });
});
