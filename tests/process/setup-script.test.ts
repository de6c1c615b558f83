// Proves what setup.sh does with git, with an npm that only prints, and without a network. Does not prove what setup does.
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { onPath } from "../../lib/host/programs.ts";
import { Home } from "../support/host.ts";

let home: Home;
let folder: string;
beforeEach(() => {
  home = new Home();
  folder = home.folder;
});
afterEach(() => home.dispose());

const noShellcheck = onPath("shellcheck") ? undefined : "no shellcheck on PATH";
test.skipIf(noShellcheck)(`setup.sh passes shellcheck${noShellcheck ? ` (skipped: ${noShellcheck})` : ""}`, () => {
  const { status, stdout } = spawnSync("shellcheck", ["setup.sh"], { encoding: "utf8" });
  expect(stdout).toBe("");
  expect(status).toBe(0);
});

describe("setup.sh", () => {
  const script = readFileSync("setup.sh", "utf8");
  let place: string;

  /** As `curl -sL … | bash -s -- ARGUMENTS`, with an npm that says how it was called. */
  function runScript(input: string, args: string[], path = `${join(folder, "bin")}:${process.env.PATH}`) {
    const env = { PATH: path, HOME: folder, INNGEST_LOCAL_DIR: place, INNGEST_LOCAL_REPO: `file://${folder}/origin` };
    return spawnSync("/bin/bash", ["-s", "--", ...args], { input, encoding: "utf8", env });
  }

  beforeEach(() => {
    place = join(folder, "a place", "inngest-local");
    mkdirSync(join(folder, "bin"));
    writeFileSync(join(folder, "bin", "npm"), '#!/bin/sh\necho "npm in $PWD: $*"\n');
    chmodSync(join(folder, "bin", "npm"), 0o755);
    const git = (...args: string[]) => execFileSync("git", ["-C", join(folder, "origin"), ...args]);
    mkdirSync(join(folder, "origin"));
    writeFileSync(join(folder, "origin", "Pulumi.yaml"), "name: inngest-local\n");
    git("init", "--quiet");
    git("add", "--all");
    git("-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "--message", "first");
  });

  test("clones and hands over its arguments; run again it changes nothing", () => {
    const expected = { status: 0, stderr: "", stdout: `npm in ${place}: run --silent setup -- 2 --yes\n` };
    expect(runScript(script, ["2", "--yes"])).toMatchObject(expected);
    const before = readFileSync(join(place, ".git", "HEAD"), "utf8");
    expect(runScript(script, ["2", "--yes"])).toMatchObject(expected);
    expect(readFileSync(join(place, ".git", "HEAD"), "utf8")).toBe(before);
    expect(readdirSync(join(folder, "a place"))).toEqual(["inngest-local"]);
  });

  test("does nothing when its download is cut off anywhere", () => {
    for (let length = 0; length < script.lastIndexOf("main"); length += 97) runScript(script.slice(0, length), []);
    expect(existsSync(place)).toBe(false);
  });

  test("leaves foreign files alone", () => {
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, "thesis.txt"), "mine");
    const { status, stderr } = runScript(script, []);
    expect(stderr).toBe(
      `setup.sh: ${place} contains other files. Remedy: set INNGEST_LOCAL_DIR to an empty or new folder\n`,
    );
    expect(status).toBe(1);
    expect(readdirSync(place)).toEqual(["thesis.txt"]);
  });

  test("leaves another project's clone alone", () => {
    mkdirSync(join(place, ".git"), { recursive: true });
    const { status, stderr } = runScript(script, []);
    expect(stderr).toBe(`setup.sh: ${place} is another project. Remedy: set INNGEST_LOCAL_DIR to another folder\n`);
    expect(status).toBe(1);
  });

  test("a clone that fails leaves nothing behind", () => {
    rmSync(join(folder, "origin"), { recursive: true });
    const { status, stderr } = runScript(script, []);
    expect(stderr).toContain(
      `setup.sh: git could not clone file://${folder}/origin. Remedy: check the URL and the network\n`,
    );
    expect(status).toBe(1);
    expect(readdirSync(join(folder, "a place"))).toEqual([]);
  });

  test("reports a missing git", () => {
    const { status, stderr } = runScript(script, [], join(folder, "bin"));
    expect(stderr).toBe("setup.sh: no git on PATH. Remedy: install git (macOS: xcode-select --install)\n");
    expect(status).toBe(1);
  });
});
