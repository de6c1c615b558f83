// Proves what setup.sh does with git and without, with an npm that only prints, on loopback. Does not prove what setup does.
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { execa } from "execa";
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

  describe("without git", () => {
    /** The script beside this process, which serves it the archive. */
    function runBeside(args: string[], PATH: string, INNGEST_LOCAL_REPO: string) {
      const env = { PATH, HOME: folder, INNGEST_LOCAL_DIR: place, INNGEST_LOCAL_REPO };
      return execa("/bin/bash", ["-s", "--", ...args], { input: script, env, extendEnv: false, reject: false });
    }

    async function repositoryWith(answer: (path: string) => Buffer | false) {
      const server = createServer(({ url = "" }, response) => {
        const body = answer(url);
        response.writeHead(body ? 200 : 404).end(body || undefined);
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return { server, repository: `http://127.0.0.1:${(server.address() as AddressInfo).port}/it` };
    }

    /** The programs of PATH that it needs; a git that only says to install it, as macOS has one. */
    function pathWith(...programs: string[]): string {
      writeFileSync(join(folder, "bin", "git"), "#!/bin/sh\nexit 1\n");
      chmodSync(join(folder, "bin", "git"), 0o755);
      for (const name of [
        "node",
        "sh",
        "bash",
        "mktemp",
        "mkdir",
        "dirname",
        "grep",
        "ls",
        "mv",
        "rm",
        "rmdir",
        ...programs,
      ]) {
        symlinkSync(onPath(name) as string, join(folder, "bin", name));
      }
      return join(folder, "bin");
    }

    test("downloads the archive; run again it goes on with what is there", async () => {
      const archive = execFileSync("tar", ["-cz", "-C", folder, "origin"]);
      const { server, repository } = await repositoryWith((path) => path === "/it/archive/HEAD.tar.gz" && archive);
      const path = pathWith("curl", "tar", "gzip");
      try {
        const expected = { exitCode: 0, stderr: "", stdout: `npm in ${place}: run --silent setup -- 2` };
        expect(await runBeside(["2"], path, repository)).toMatchObject(expected);
        expect(readdirSync(place)).toContain("Pulumi.yaml");
        expect(readdirSync(join(folder, "a place"))).toEqual(["inngest-local"]);
        rmSync(join(place, ".git"), { recursive: true });
        const stderr = `setup.sh: git could not update ${place}; continuing with the version there`;
        expect(await runBeside(["2"], path, repository)).toMatchObject({ ...expected, stderr });
      } finally {
        server.close();
      }
    });

    test.each([
      ["is missing", undefined],
      ["is cut off", 200],
    ])("an archive that %s leaves nothing behind", async (_, length) => {
      const archive = execFileSync("tar", ["-cz", "-C", folder, "origin"]).subarray(0, length);
      const { server, repository } = await repositoryWith(() => length !== undefined && archive);
      try {
        const { exitCode, stderr } = await runBeside([], pathWith("curl", "tar", "gzip"), repository);
        expect(stderr.split("\n").at(-1)).toBe(
          `setup.sh: curl could not fetch ${repository}/archive/HEAD.tar.gz. Remedy: check the URL and the network`,
        );
        expect(exitCode).toBe(1);
        expect(readdirSync(join(folder, "a place"))).toEqual([]);
      } finally {
        server.close();
      }
    });

    test("nor curl, it says what to install", () => {
      const { status, stderr } = runScript(script, [], pathWith());
      expect(stderr).toBe(
        "setup.sh: no git, and not both curl and tar, on PATH. Remedy: install git (macOS: xcode-select --install)\n",
      );
      expect(status).toBe(1);
      expect(readdirSync(join(folder, "a place"))).toEqual([]);
    });
  });
});
