// The real scripts against a stand-in for launchctl that keeps its semantics (tests/support/launchctl.sh). Does not
// prove that launchd does as the stand-in: that is for the macOS job of .github/workflows/launchd.yml.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { onPath } from "../../lib/host/programs.ts";
import type { DesiredService } from "../../lib/host/service.ts";
import { title } from "../../tools/engine.ts";
import { eventually } from "../../tools/test-stack.ts";
import { answerOf, freePort, Home, tinyService } from "../support/host.ts";

const reason =
  process.platform === "darwin" ? "the real launchd is here" : onPath("python3") ? undefined : "no python3";
const agent = "launchd agent: back after a crash, and after a reboot once you log in; not before";
const label = "inngest-local.test.server";
const domain = `gui/${process.getuid?.()}`;
const fine = (stdout: string) => ({ code: 0, stdout, stderr: "" });

describe.skipIf(reason)(title("launchd", reason), () => {
  let home: Home;
  let port: number;
  beforeEach(async () => {
    home = new Home();
    port = await freePort();
    const variables = `LAUNCHD=${join(home.folder, "launchd")} NODE=${process.execPath}`;
    const script = `${variables} exec ${resolve("tests/support/launchctl.sh")} "$@"`;
    home.path = `${home.command("launchctl", script)}:${process.env.PATH}`;
  });
  afterEach(() => home.dispose());

  const service = (changes: Partial<DesiredService> = {}) =>
    tinyService(port, { supervision: { supervisor: "auto", scope: "user" }, ...changes });
  const plist = (name = label) => join(home.folder, "Library", "LaunchAgents", `${name}.plist`);
  const launchctl = (...args: string[]) =>
    execFileSync("launchctl", args, { env: home.environment(), encoding: "utf8", stdio: "pipe" });
  const started = fine(`${JSON.stringify({ by: "launchd", survives: agent })}\n`);
  /** Processes that run the tiny server of this home. */
  const pids = () => {
    const lines = execFileSync("ps", ["-eo", "pid=,args="], { encoding: "utf8" }).split("\n");
    return lines
      .filter((line) => line.includes(`${home.data}/server/server.env`))
      .map((line) => Number.parseInt(line, 10));
  };

  test("auto is an agent where launchctl is; it runs, and is no change", async () => {
    expect(await home.reconcile(service())).toEqual(started);
    expect((await answerOf(port))?.pid).toBe(pids()[0]);
    expect(await home.observe()).toEqual(fine("first"));
    expect(await home.reconcile(service())).toEqual(started);
    expect(pids()).toHaveLength(1);
  });

  test("what a killed process held comes back by itself, and is no change", async () => {
    await home.reconcile(service());
    const [before] = pids();
    process.kill(before as number, "SIGKILL");
    await eventually(30_000, async () => expect((await answerOf(port))?.pid).toBeGreaterThan(0));
    expect(pids()).not.toContain(before);
    expect(await home.observe()).toEqual(fine("first"));
  });

  test("no secret is in the plist, and the environment is launchd's and ours alone", async () => {
    await home.reconcile(service(), { SHELL_SECRET: "of-the-shell" });
    expect(readFileSync(plist(), "utf8")).not.toContain("this-is-the-secret");
    const { variables } = (await answerOf(port)) as { variables: Record<string, string> };
    expect(Object.keys(variables).sort()).toEqual(["HOME", "MODE", "NODE_COMPILE_CACHE", "PATH", "PORT", "SECRET"]);
  });

  test("another command waits for the asynchronous bootout: one process, the new one", async () => {
    await home.reconcile(service());
    for (const round of ["one", "two"]) {
      expect(await home.reconcile(service({ environment: { MODE: "polite", ROUND: round } }))).toEqual(started);
      expect(pids()).toHaveLength(1);
      expect((await answerOf(port))?.variables.ROUND).toBe(round);
    }
  });

  test("a start that is killed anywhere is finished by the next one, with one process", async () => {
    for (let round = 0; round < 6; round++) {
      const spec = JSON.stringify(service({ environment: { MODE: "polite", ROUND: String(round) } }));
      const seconds = (0.15 + round * 0.15).toFixed(2);
      const script = `timeout -s KILL ${seconds} ${process.execPath} scripts/reconcile.ts`;
      execFileSync("sh", ["-c", `${script} || true`], { input: spec, env: home.environment(), stdio: "pipe" });
      expect(await home.reconcile(JSON.parse(spec))).toEqual(started);
      expect(pids()).toHaveLength(1);
      expect((await answerOf(port))?.variables.ROUND).toBe(String(round));
    }
  });

  test("a label that somebody disabled is enabled", async () => {
    launchctl("disable", `${domain}/${label}`);
    expect(await home.reconcile(service())).toEqual(started);
  });

  test("an edited plist, a job booted out, a log keeper booted out: each is a change", async () => {
    const ways = [
      () => writeFileSync(plist(), `${readFileSync(plist(), "utf8")}<!-- mine -->`),
      () => run("bootout", `${domain}/${label}`),
      () => run("bootout", `${domain}/${label}.log-keeper`),
    ];
    const run = (...args: string[]) => {
      expect(() => launchctl(...args)).toThrow("Operation now in progress");
    };
    for (const spoil of ways) {
      await home.reconcile(service());
      spoil();
      await eventually(30_000, async () => expect((await home.observe()).stdout).not.toBe("first"));
    }
    expect(await home.reconcile(service())).toEqual(started);
    expect(pids()).toHaveLength(1);
  });

  test("to none and back: nothing runs twice", async () => {
    await home.reconcile(service());
    await home.reconcile(service({ supervision: { supervisor: "none", scope: "user" } }));
    expect([existsSync(plist()), pids().length]).toEqual([false, 1]);
    await home.reconcile(service());
    expect([existsSync(plist()), pids().length]).toEqual([true, 1]);
  });

  test("remove ends it, takes plists and secrets along, and succeeds twice", async () => {
    await home.reconcile(service());
    expect(await home.remove(service())).toEqual(fine(""));
    expect(pids()).toEqual([]);
    const files = [plist(), plist(`${label}.log-keeper`), join(home.data, "server/server.env")];
    expect(files.filter((file) => existsSync(file))).toEqual([]);
    expect(() => launchctl("print", `${domain}/${label}`)).toThrow("Could not find service");
    expect(await home.remove(service())).toEqual(fine(""));
  });

  test("a program that cannot start is told with the end of its log, and leaves nothing", async () => {
    const { code, stderr } = await home.reconcile(service({ environment: { MODE: "broken" } }));
    expect(code).toBe(1);
    expect(stderr).toContain("the server of stack test ended while it started.");
    expect(stderr).toContain("cannot start with [secret]");
    expect(existsSync(plist())).toBe(false);
  });

  const foreign = (path: string) => ({
    code: 1,
    stdout: "",
    stderr:
      `the launchd label ${label} must be free or of this stack's data folder ${home.data}, and ${path} belongs to ` +
      `another owner. Remedy: launchctl bootout ${domain}/${label} and remove that file, or name the stack differently\n`,
  });
  const somebodys = `<plist version="1.0"><dict><key>Label</key><string>${label}</string><key>ProgramArguments</key><array><string>/bin/sleep</string><string>60</string></array><key>RunAtLoad</key><true/></dict></plist>`;

  test("a plist of another owner under the label is refused and left as it is", async () => {
    mkdirSync(dirname(plist()), { recursive: true });
    writeFileSync(plist(), somebodys);
    expect(await home.reconcile(service())).toEqual(foreign(plist()));
    expect(await home.preflight({ supervision: service().supervision })).toEqual(foreign(plist()));
    await home.remove(service());
    expect(readFileSync(plist(), "utf8")).toBe(somebodys);
  });

  test("a job of another owner, loaded from elsewhere, is refused and keeps running", async () => {
    const elsewhere = home.file("elsewhere.plist", somebodys);
    launchctl("bootstrap", domain, elsewhere);
    expect(await home.reconcile(service())).toEqual(foreign(elsewhere));
    await home.remove(service());
    expect(launchctl("print", `${domain}/${label}`)).toContain(`path = ${elsewhere}`);
    expect(() => launchctl("bootout", `${domain}/${label}`)).toThrow();
  });

  test("without a login session it is refused, and nothing is changed", async () => {
    home.file("launchd/no-session");
    expect(await home.reconcile(service())).toEqual({
      code: 1,
      stdout: "",
      stderr:
        `\`supervisor\` is launchd, and launchd has no login session ${domain} to run an agent in. ` +
        "Remedy: log in on the screen once, or pulumi config set supervisorScope system\n",
    });
    expect([existsSync(plist()), existsSync(home.data)]).toEqual([false, false]);
  });
});

test.skipIf(process.platform === "darwin")("launchd that is asked for where there is none is refused", async () => {
  const home = new Home();
  expect(await home.preflight({ supervision: { supervisor: "launchd", scope: "user" } })).toEqual({
    code: 1,
    stdout: "",
    stderr: "`supervisor` is launchd, and this machine has no launchctl. Remedy: pulumi config set supervisor auto\n",
  });
  await home.dispose();
});
