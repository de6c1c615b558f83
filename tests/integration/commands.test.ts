// The commands as a newcomer runs them, in a clean checkout with a home of its own. Does not prove: the download of the
// Pulumi CLI and its plugins, which come from the machine.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missing, title } from "../support/engine.ts";

const reason = await missing("pulumi", "inngest");

describe.skipIf(reason)(title("commands in a clean checkout", reason), () => {
  const home = mkdtempSync(join(tmpdir(), "newcomer-"));
  const checkout = join(home, "inngest-local");
  const npm = (...args: string[]) => {
    const { PULUMI_BACKEND_URL: _, PULUMI_CONFIG_PASSPHRASE: __, PULUMI_ACCESS_TOKEN: ___, ...inherited } = process.env;
    const env = {
      ...inherited,
      PULUMI_HOME: join(home, ".pulumi"),
      XDG_DATA_HOME: join(home, "data"),
      XDG_CONFIG_HOME: join(home, "config"),
      PATH: (process.env.PATH ?? "")
        .split(":")
        .filter((folder) => !folder.includes("node_modules"))
        .join(":"),
    };
    return execa("npm", args, { cwd: checkout, env, extendEnv: false, reject: false, all: true });
  };
  const git = (...args: string[]) => execFileSync("git", ["-C", checkout, ...args], { encoding: "utf8" });

  beforeAll(() => {
    const shared = join(process.env.PULUMI_HOME ?? join(homedir(), ".pulumi"));
    mkdirSync(join(home, ".pulumi"));
    for (const folder of ["plugins", "versions"]) symlinkSync(join(shared, folder), join(home, ".pulumi", folder));
    mkdirSync(checkout);
    const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
      encoding: "utf8",
    });
    const present = files
      .split("\0")
      .filter((file) => existsSync(file))
      .join("\0");
    execFileSync("sh", ["-c", 'tar --null -cf - -T - | tar -xf - -C "$1"', "sh", checkout], { input: present });
    git("init", "--quiet");
    git("add", "--all");
    git("-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "--message", "checkout");
  });
  afterAll(async () => {
    await npm("run", "destroy", "--", "--stack", "dev", "--delete-data", "--yes");
    rmSync(home, { recursive: true });
  });

  test("npm start ends with a completed function and its dashboard, and leaves git status clean", async () => {
    const { exitCode, all } = await npm("start");
    expect(all).toMatch(/Function process-task completed in \d+ ms/);
    expect(all).toMatch(/^Dashboard {2}http:\/\/localhost:8288$/m);
    expect(exitCode).toBe(0);
    expect(git("status", "--porcelain")).toBe("");
  });

  test("the passphrase is the owner's alone, and outside of the checkout", () => {
    const file = join(home, "config", "inngest-local", "passphrase");
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("npm start again changes nothing", async () => {
    const { exitCode, all } = await npm("start");
    expect(all).toMatch(/\d+ unchanged/);
    expect(all).not.toMatch(/\d+ (created|updated|replaced|deleted)/);
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

  test("every command has help with an example", async () => {
    for (const command of ["start", "destroy", "verify", "doctor", "status"]) {
      const { exitCode, all } = await npm("run", command, "--", "--help");
      expect(all).toMatch(/^Example: npm /m);
      expect(exitCode).toBe(0);
    }
  });

  test("npm run destroy --delete-data leaves neither process nor data", async () => {
    const { exitCode, all } = await npm("run", "destroy", "--", "--stack", "dev", "--delete-data", "--yes");
    expect(all).toContain("The data of stack dev is deleted.");
    expect(exitCode).toBe(0);
    expect(existsSync(join(home, "data", "inngest-local", "stacks", "dev"))).toBe(false);
    await expect(fetch("http://127.0.0.1:8288/health")).rejects.toThrow();
  });
});
