// What setup makes of flags, of the worker's template and of a recipe by hand, and setup.sh with git and without a
// network. Does not prove that a stack comes up (integration), or that Docker says what a recipe's container is.
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { UsageProblem } from "../../cli/lib/command.ts";
import { parseKeyFile } from "../../cli/lib/key-file.ts";
import { locksIn } from "../../cli/lib/stack-lock.ts";
import { checkEvent, parseData } from "../../cli/send/events.ts";
import { checkFlags, endpointOf, stackOf } from "../../cli/setup/answers.ts";
import { copyHistory, usableKeys } from "../../cli/setup/recipe.ts";
import {
  checkFolder,
  differences,
  lookAt,
  packageName,
  readFiles,
  scaffoldFiles,
  writeWorker,
} from "../../cli/setup/scaffold.ts";
import { onPath } from "../../lib/host/programs.ts";
import { Home } from "../support/host.ts";

let home: Home;
let folder: string;
beforeEach(() => {
  home = new Home();
  folder = home.folder;
});
afterEach(() => home.dispose());

describe("flags", () => {
  test.each([
    ["0", "dev"],
    ["1", "experiment"],
    ["2", "persistent"],
    ["3", "kubernetes"],
    ["4", "cluster"],
    ["persistent", "persistent"],
    ["process", "dev"],
    ["docker", "persistent"],
  ])("tier %s is stack %s", (tier, stack) => {
    expect(stackOf(tier)).toBe(stack);
  });

  const tiers = "0, 1, 2, 3, 4, process, docker, dev, experiment, persistent, kubernetes, cluster";
  test.each([
    [{ tier: "5" }, `the tier must be one of ${tiers}, got "5". Remedy: npm run setup -- 2`],
    [{ tier: "persitent" }, `the tier must be one of ${tiers}, got "persitent". Remedy: npm run setup -- persistent`],
    [{ runtime: "deno" }, '--runtime must be one of node, bun, external, got "deno". Remedy: --runtime bun'],
    [{ work: "al" }, '--work must be one of ai, general, both, got "al". Remedy: --work ai'],
    [
      { runtime: "external", framework: "expres" },
      '--framework must be one of express, hono, next, other, got "expres". Remedy: --framework express',
    ],
    [
      { runtime: "external", appUrl: "localhost:3000" },
      '--app-url must be the http address of your app, got "localhost:3000". Remedy: --app-url http://localhost:3000',
    ],
    [
      { appUrl: "http://localhost:3000" },
      "--app-url is for an app that you have already. Remedy: --runtime external, or leave it out",
    ],
    [
      { framework: "next" },
      "--framework is for an app that you have already. Remedy: --runtime external, or leave it out",
    ],
    [
      { runtime: "external", workerDir: "w" },
      "--worker-dir is for a worker that setup makes. Remedy: --runtime node, or leave it out",
    ],
    [
      { runtime: "external", work: "ai" },
      "--work is for a worker that setup makes. Remedy: --runtime node, or leave it out",
    ],
  ])("%j are refused", (flags, text) => {
    expect(() => checkFlags(flags)).toThrow(new UsageProblem(text));
  });

  test("the app's endpoint is the SDK's usual one unless it is given", () => {
    expect(endpointOf("http://localhost:3000")).toBe("http://localhost:3000/api/inngest");
    expect(endpointOf("https://app.test/jobs")).toBe("https://app.test/jobs");
  });
});

describe("a new worker", () => {
  const template = readFiles("worker");
  const names = (work: "ai" | "general" | "both") =>
    [...scaffoldFiles(template, work, "mine").keys()].filter((path) => path.startsWith("functions/")).sort();

  test("has the functions of its work, and upkeep", () => {
    const probes = ["verify-probe", "verify-probe-chained"];
    const upkeep = ["audit-triggers", "expire-claims", "heartbeat", "index", "relay-gateway", ...probes];
    const ai = ["run-agent", "summarize-text", "transcribe-audio", "transcribe-media"];
    const files = (...ids: string[]) => ids.map((id) => `functions/${id}.ts`).sort();
    expect(names("ai").filter((path) => !files(...upkeep).includes(path))).toEqual(files(...ai));
    expect(names("general").filter((path) => files(...ai).includes(path))).toEqual([]);
    expect(names("both")).toEqual([...template.keys()].filter((path) => path.startsWith("functions/")).sort());
  });

  test.each(["ai", "general", "both"] as const)("for %s imports no module that it has not", (work) => {
    const files = scaffoldFiles(template, work, "mine");
    const sources = [...files].filter(([path]) => !path.startsWith("tests/integration/"));
    const missing = sources.flatMap(([path, text]) =>
      [...text.matchAll(/from "(\.[^"]+)"/g)]
        .map(([, to]) => join(path, "..", to as string))
        .filter((to) => !files.has(to))
        .map((to) => `${path}: ${to}`),
    );
    expect(missing).toEqual([]);
  });

  test.each(["ai", "general"] as const)("for %s passes its own types and unit tests", { timeout: 120_000 }, (work) => {
    const place = join(folder, "mine");
    writeWorker(place, scaffoldFiles(template, work, "mine"));
    execFileSync("ln", ["-s", resolve("worker/node_modules"), join(place, "node_modules")]);
    const run = (program: string, ...args: string[]) =>
      // A test runner within a test runner must not take itself for a part of it.
      spawnSync(join(place, "node_modules/.bin", program), args, {
        cwd: place,
        encoding: "utf8",
        env: { PATH: process.env.PATH, NO_COLOR: "1" },
      });
    expect(run("tsc", "--noEmit").stdout).toBe("");
    const { status, stdout, stderr } = run("vitest", "run", "--project", "unit");
    expect(`${stdout}${stderr}`).toMatch(/Tests.* \d+ passed/);
    expect(status).toBe(0);
  });

  test("is named after its folder", () => {
    expect(packageName("/home/me/My Worker!")).toBe("my-worker");
    expect(packageName("/")).toBe("my-worker");
    expect(scaffoldFiles(template, "both", "mine").get("package.json")).toContain('"name": "mine"');
  });

  test("gets its place whole, over what a killed setup has left and over an empty folder", () => {
    const place = join(folder, "mine");
    mkdirSync(join(folder, ".mine.partial"));
    writeFileSync(join(folder, ".mine.partial", "half.ts"), "");
    mkdirSync(place);
    expect(lookAt(place)).toBe("absent");
    writeWorker(place, new Map([["a/b.ts", "b"]]));
    expect(readFileSync(join(place, "a/b.ts"), "utf8")).toBe("b");
    expect(readdirSync(folder)).toEqual(["mine"]);
    expect(readdirSync(place)).toEqual(["a"]);
  });

  test("never takes the place of other files", () => {
    writeFileSync(join(folder, "thesis.txt"), "mine");
    expect(() => checkFolder(folder)).toThrow(
      new UsageProblem(
        `--worker-dir must be a worker's folder or one that is not there yet, and "${folder}" has other files`,
        "--worker-dir with another folder; nothing of yours is written over",
      ),
    );
    expect(() => writeWorker(folder, new Map([["a.ts", ""]]))).toThrow(`cannot be put at ${folder}`);
    expect(readFileSync(join(folder, "thesis.txt"), "utf8")).toBe("mine");
    rmSync(join(folder, "..", `.${folder.split("/").at(-1)}.partial`), { recursive: true });
  });

  test("differs from one that is there by what a patch shows", () => {
    writeFileSync(join(folder, "same.ts"), "same\n");
    writeFileSync(join(folder, "changed.ts"), "mine\n");
    const wanted = new Map([
      ["same.ts", "same\n"],
      ["changed.ts", "new\n"],
      ["absent.ts", ""],
    ]);
    const found = differences(folder, wanted);
    expect(found.map(({ path }) => path)).toEqual(["changed.ts", "absent.ts"]);
    expect(found[0]?.patch).toContain("-mine\n+new\n");
    expect(found[1]?.patch).toBe("absent.ts is not there\n");
  });
});

describe("a recipe by hand", () => {
  const hex = "00112233445566778899aabbccddeeff";

  test("has the last of each key, as a shell reads them", () => {
    const text = `INNGEST_SIGNING_KEY=old\nexport INNGEST_EVENT_KEY="evtkey-dev-1"\n# no\nINNGEST_SIGNING_KEY=${hex}\n`;
    expect(parseKeyFile(text)).toEqual({ INNGEST_SIGNING_KEY: hex, INNGEST_EVENT_KEY: "evtkey-dev-1" });
  });

  test("gives its signing key without the prefix, and its event key as it is", () => {
    const variables = { INNGEST_SIGNING_KEY: `signkey-dev-${hex}`, INNGEST_EVENT_KEY: `evtkey-dev-${hex}` };
    expect(usableKeys(variables)).toEqual({
      keys: { signingKey: hex, eventKey: `evtkey-dev-${hex}` },
      unusable: [],
    });
  });

  test("with keys of no use says which rule they break, and never the key", () => {
    const found = usableKeys({ INNGEST_SIGNING_KEY: "signkey-dev-hello", INNGEST_EVENT_KEY: "a key" });
    expect(found).toEqual({
      keys: {},
      unusable: [
        "`signingKey` must be hex digits only, and its value is not",
        "`eventKey` must be letters, digits and . _ ~ - only, and its value has others",
      ],
    });
  });

  /** Puts a `docker` on PATH that fails with `said`; returns what comes of copying with it. */
  function copied(said: string): Promise<boolean> {
    vi.stubEnv("PATH", `${home.command("docker", `echo '${said}' >&2; exit 1`)}:${process.env.PATH}`);
    return copyHistory({ running: false, image: "inngest", folder: "/.inngest", ports: [] }, join(folder, "server"));
  }

  test.each([
    "Error response from daemon: Could not find the file /.inngest/. in container inngest",
    "Error: No such container:path: inngest:/.inngest/.",
  ])("without a history has none to copy: %s", async (said) => {
    expect(await copied(said)).toBe(false);
  });

  test("whose history Docker does not copy is said to be so, and leaves nothing behind", async () => {
    await expect(copied("write /main.db: no space left on device")).rejects.toThrow(
      /^the history of container inngest cannot be copied: write \/main\.db: no space left on device\nIt is in the container as before\. Remedy: mend that, and npm run setup again, it goes on from there$/,
    );
    expect(readdirSync(join(folder, "server"))).toEqual([]);
  });
});

test("locks of a backend are those that can be read", () => {
  expect(locksIn(join(folder, "none"))).toEqual([]);
  writeFileSync(join(folder, "1.json"), '{"pid": 1, "hostname": "here"}');
  writeFileSync(join(folder, "2.json"), "{");
  writeFileSync(join(folder, "1.json.attrs"), '{"user.cache_control": ""}');
  expect(locksIn(folder)).toEqual([{ pid: 1, hostname: "here" }]);
});

describe("an event to send", () => {
  const schema = {
    "~standard": {
      validate: (value: unknown) =>
        (value as { url?: string }).url ? {} : { issues: [{ message: "must be there", path: ["url"] }] },
    },
  };
  const events = [{ name: "task/process", schema }, { name: "audit/requested" }];

  test("as declared is let through", async () => {
    await checkEvent(events, { name: "task/process", data: { url: "x" } }, "worker");
    await checkEvent(events, { name: "audit/requested", data: {} }, "worker");
  });

  test.each([
    [
      { name: "task/proces", data: {} },
      'EVENT must be one that worker/events.ts declares, got "task/proces". Remedy: task/process, or declare it there ' +
        "(declared: audit/requested, task/process)",
    ],
    [
      { name: "task/process", data: {} },
      "the data of task/process does not match worker/events.ts:\n  - data.url: must be there",
    ],
  ])("%j is refused", async (event, text) => {
    await expect(checkEvent(events, event, "worker")).rejects.toThrow(new UsageProblem(text));
  });

  test("has an object for its data", () => {
    expect(parseData('{"a": 1}')).toEqual({ a: 1 });
    expect(() => parseData("[1]")).toThrow(
      new UsageProblem("JSON must be an object, got [1]", '\'{"key": "value"}\', in quotes'),
    );
    expect(() => parseData("{a: 1}")).toThrow(/^JSON must be valid: .+ Remedy: '\{"key": "value"\}', in quotes$/);
  });
});

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
  function run(input: string, args: string[], path = `${join(folder, "bin")}:${process.env.PATH}`) {
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

  test("clones, hands its arguments over, and run again changes nothing", () => {
    const expected = { status: 0, stderr: "", stdout: `npm in ${place}: run --silent setup -- 2 --yes\n` };
    expect(run(script, ["2", "--yes"])).toMatchObject(expected);
    const before = readFileSync(join(place, ".git", "HEAD"), "utf8");
    expect(run(script, ["2", "--yes"])).toMatchObject(expected);
    expect(readFileSync(join(place, ".git", "HEAD"), "utf8")).toBe(before);
    expect(readdirSync(join(folder, "a place"))).toEqual(["inngest-local"]);
  });

  test("that is cut off anywhere does nothing", () => {
    for (let length = 0; length < script.lastIndexOf("main"); length += 97) run(script.slice(0, length), []);
    expect(existsSync(place)).toBe(false);
  });

  test("leaves foreign files alone", () => {
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, "thesis.txt"), "mine");
    const { status, stderr } = run(script, []);
    expect(stderr).toBe(
      `setup.sh: ${place} contains other files. Remedy: set INNGEST_LOCAL_DIR to an empty or new folder\n`,
    );
    expect(status).toBe(1);
    expect(readdirSync(place)).toEqual(["thesis.txt"]);
  });

  test("leaves another project's clone alone", () => {
    mkdirSync(join(place, ".git"), { recursive: true });
    const { status, stderr } = run(script, []);
    expect(stderr).toBe(`setup.sh: ${place} is another project. Remedy: set INNGEST_LOCAL_DIR to another folder\n`);
    expect(status).toBe(1);
  });

  test("a clone that fails leaves nothing behind", () => {
    rmSync(join(folder, "origin"), { recursive: true });
    const { status, stderr } = run(script, []);
    expect(stderr).toContain(
      `setup.sh: git could not clone file://${folder}/origin. Remedy: check the URL and the network\n`,
    );
    expect(status).toBe(1);
    expect(readdirSync(join(folder, "a place"))).toEqual([]);
  });

  test("without git says so", () => {
    const { status, stderr } = run(script, [], join(folder, "bin"));
    expect(stderr).toBe("setup.sh: no git on PATH. Remedy: install git (macOS: xcode-select --install)\n");
    expect(status).toBe(1);
  });
});
