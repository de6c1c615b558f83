// Proves what setup makes of flags, of the worker's template and of a server that was started by hand, and what it plans.
// Does not prove that a stack comes up (integration), or what Docker reports of a container.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { UsageProblem } from "../../cli/lib/command.ts";
import { parseKeyFile } from "../../cli/lib/key-file.ts";
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
import { changesIn } from "../../cli/setup/settings.ts";
import type { Situation } from "../../cli/setup/situation.ts";
import { planSteps, runSteps } from "../../cli/setup/steps.ts";
import { Problem } from "../../lib/problem.ts";
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
    [{ tier: "5" }, `the tier must be one of ${tiers}, got "5"`, "npm run setup -- 2"],
    [{ tier: "persitent" }, `the tier must be one of ${tiers}, got "persitent"`, "npm run setup -- persistent"],
    [{ runtime: "deno" }, '--runtime must be one of node, bun, external, got "deno"', "--runtime bun"],
    [{ work: "al" }, '--work must be one of ai, general, both, got "al"', "--work ai"],
    [
      { runtime: "external", framework: "expres" },
      '--framework must be one of express, hono, next, other, got "expres"',
      "--framework express",
    ],
    [
      { runtime: "external", appUrl: "localhost:3000" },
      '--app-url must be the http address of your app, got "localhost:3000"',
      "--app-url http://localhost:3000",
    ],
    [
      { appUrl: "http://localhost:3000" },
      "--app-url is for an app that you have already",
      "--runtime external, or leave it out",
    ],
    [{ framework: "next" }, "--framework is for an app that you have already", "--runtime external, or leave it out"],
    [
      { runtime: "external", workerDir: "w" },
      "--worker-dir is for a worker that setup creates",
      "--runtime node, or leave it out",
    ],
    [
      { runtime: "external", work: "ai" },
      "--work is for a worker that setup creates",
      "--runtime node, or leave it out",
    ],
  ])("%j are refused", (flags, what, remedy) => {
    expect(() => checkFlags(flags)).toThrow(new UsageProblem(what, remedy));
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

  test("has the functions of its work and those for upkeep", () => {
    const probes = ["verify-probe", "verify-probe-chained"];
    const upkeep = ["audit-triggers", "expire-claims", "heartbeat", "index", "relay-gateway", ...probes];
    const ai = ["run-agent", "summarize-text", "transcribe-audio", "transcribe-media"];
    const files = (...ids: string[]) => ids.map((id) => `functions/${id}.ts`).sort();
    expect(names("ai").filter((path) => !files(...upkeep).includes(path))).toEqual(files(...ai));
    expect(names("general").filter((path) => files(...ai).includes(path))).toEqual([]);
    expect(names("both")).toEqual([...template.keys()].filter((path) => path.startsWith("functions/")).sort());
  });

  test.each(["ai", "general", "both"] as const)("for %s work imports no missing module", (work) => {
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

  test.each(["ai", "general"] as const)(
    "for %s work passes its own type check and unit tests",
    { timeout: 120_000 },
    (work) => {
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
    },
  );

  test("is named after its folder", () => {
    expect(packageName("/home/me/My Worker!")).toBe("my-worker");
    expect(packageName("/")).toBe("my-worker");
    expect(scaffoldFiles(template, "both", "mine").get("package.json")).toContain('"name": "mine"');
  });

  test("replaces an empty folder, and what a killed setup has left", () => {
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

  test("never replaces other files", () => {
    writeFileSync(join(folder, "thesis.txt"), "mine");
    expect(() => checkFolder(folder)).toThrow(
      new UsageProblem(
        `--worker-dir must be a worker's folder or one that does not exist yet, and "${folder}" has other files`,
        "--worker-dir with another folder; no file of yours is overwritten",
      ),
    );
    expect(() => writeWorker(folder, new Map([["a.ts", ""]]))).toThrow(`cannot be put at ${folder}`);
    expect(readFileSync(join(folder, "thesis.txt"), "utf8")).toBe("mine");
    rmSync(join(folder, "..", `.${folder.split("/").at(-1)}.partial`), { recursive: true });
  });

  test("is compared with an existing one by patches", () => {
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
    expect(found[1]?.patch).toBe("absent.ts does not exist\n");
  });
});

describe("a server started by hand", () => {
  const hex = "00112233445566778899aabbccddeeff";

  test("has its keys read from the file as a shell reads them: the last line counts", () => {
    const text = `INNGEST_SIGNING_KEY=old\nexport INNGEST_EVENT_KEY="evtkey-dev-1"\n# no\nINNGEST_SIGNING_KEY=${hex}\n`;
    expect(parseKeyFile(text)).toEqual({ INNGEST_SIGNING_KEY: hex, INNGEST_EVENT_KEY: "evtkey-dev-1" });
  });

  test("gives up its signing key without the prefix, and its event key unchanged", () => {
    const variables = { INNGEST_SIGNING_KEY: `signkey-dev-${hex}`, INNGEST_EVENT_KEY: `evtkey-dev-${hex}` };
    expect(usableKeys(variables)).toEqual({
      keys: { signingKey: hex, eventKey: `evtkey-dev-${hex}` },
      unusable: [],
    });
  });

  test("with unusable keys is reported with the rules that they break, never with the keys", () => {
    const found = usableKeys({ INNGEST_SIGNING_KEY: "signkey-dev-hello", INNGEST_EVENT_KEY: "a key" });
    expect(found).toEqual({
      keys: {},
      unusable: [
        "`signingKey` must be hex digits only, and its value is not",
        "`eventKey` must be letters, digits and . _ ~ - only, and its value has others",
      ],
    });
  });

  /** Copies the history with a `docker` on PATH that fails with `message`. */
  function copied(message: string): Promise<boolean> {
    vi.stubEnv("PATH", `${home.command("docker", `echo '${message}' >&2; exit 1`)}:${process.env.PATH}`);
    return copyHistory({ running: false, image: "inngest", folder: "/.inngest", ports: [] }, join(folder, "server"));
  }

  test.each([
    "Error response from daemon: Could not find the file /.inngest/. in container inngest",
    "Error: No such container:path: inngest:/.inngest/.",
  ])("without a history has none to copy: %s", async (message) => {
    expect(await copied(message)).toBe(false);
  });

  test("whose history Docker cannot copy is refused, and leaves nothing behind", async () => {
    await expect(copied("write /main.db: no space left on device")).rejects.toThrow(
      /^the history of container inngest cannot be copied: write \/main\.db: no space left on device\nIt is in the container as before\. Remedy: fix that, and run npm run setup again: it continues from there$/,
    );
    expect(readdirSync(join(folder, "server"))).toEqual([]);
  });
});

test("only what a settings file has otherwise is changed, whatever the type of its value", () => {
  expect(
    changesIn("persistent", { tier: "docker", durable: "false", "workerEnv.WORK": "ai", port: undefined }),
  ).toEqual([
    { path: "durable", before: "true", after: "false" },
    { path: "workerEnv.WORK", before: undefined, after: "ai" },
  ]);
});

describe("the plan", () => {
  /** Setup of a new worker in a folder that does not exist, with nothing else to do. */
  const situation = (changes: Partial<Situation> = {}): Situation => ({
    pulumi: { change: async () => "done", configure: async () => {} },
    answers: { stack: "dev", worker: { runtime: "node", work: "both", dir: join(folder, "mine") } },
    isUp: false,
    changes: [],
    recipe: undefined,
    queueInstallation: undefined,
    keys: {},
    serverFolder: join(folder, "server"),
    ...changes,
  });
  const linesOf = (changes?: Partial<Situation>) => planSteps(situation(changes)).flatMap(({ lines }) => lines);

  test("lists what will be made, in order", () => {
    expect(linesOf({ changes: [{ path: "runtime", before: undefined, after: "node" }] })).toEqual([
      expect.stringMatching(/mine: a new worker, \d+ files$/),
      "Pulumi.dev.yaml: runtime (not set) -> node",
      "stack dev: brought up, then checked",
    ]);
  });

  test("installs what a queue needs before the stack comes up, which comes up without it, too", async () => {
    const steps = planSteps(situation({ queueInstallation: ["false", "install", "valkey"] }));
    expect(steps.flatMap(({ lines }) => lines).slice(-2)).toEqual([
      "false install valkey: what keeps runs in flight",
      "stack dev: brought up, then checked",
    ]);
    const said = vi.spyOn(console, "log").mockImplementation(() => {});
    await steps.find(({ doing }) => doing === "installing a queue")?.run();
    expect(said.mock.calls).toEqual([
      ["false install valkey has failed, so runs in flight end with the server for now."],
    ]);
    said.mockRestore();
  });

  test("says what stays as it is", () => {
    writeWorker(join(folder, "mine"), new Map([["package.json", "{}"]]));
    expect(linesOf({ isUp: true })).toEqual([
      expect.stringMatching(/mine: is there, and stays as it is$/),
      "Pulumi.dev.yaml: stays as it is",
      "stack dev: is up; brought up to date, then checked",
    ]);
  });

  test("takes keys, history and place of a server that was started by hand, and shows no key", () => {
    const container = { running: true, image: "inngest", folder: "/.inngest", ports: [8288] };
    const recipe = { source: "container inngest", keys: {}, unusable: ["`eventKey` must not be empty"], container };
    expect(linesOf({ recipe, keys: { signingKey: "00ff" } }).slice(1, -1)).toEqual([
      "Pulumi.dev.yaml: signingKey from container inngest, encrypted",
      "not taken from container inngest: `eventKey` must not be empty",
      "container inngest: stopped, not removed; `docker start inngest` brings it back",
      "its history: copied, if it has one; runs in flight are in its memory alone, and are lost",
    ]);
  });

  test("leaves an app of the user's to the user", () => {
    const worker = { runtime: "external", url: "http://localhost:3000/api/inngest", framework: "hono" } as const;
    expect(linesOf({ answers: { stack: "persistent", worker } })).toEqual([
      "Pulumi.persistent.yaml: stays as it is",
      "stack persistent: brought up, then checked",
      "your app at http://localhost:3000/api/inngest: left to you",
    ]);
  });
});

describe("the steps", () => {
  const done: string[] = [];
  beforeEach(() => {
    done.length = 0;
  });
  const step = (doing: string, act = () => {}) => ({
    lines: [],
    doing,
    run: async () => {
      done.push(doing);
      act();
    },
  });

  test("end after the one that Ctrl-C has interrupted, whether or not that has failed", async () => {
    const interrupted = step("bringing the stack up", () => {
      process.emit("SIGINT");
      throw new Error("killed");
    });
    await expect(runSteps([step("writing the settings"), interrupted, step("checking the stack")])).rejects.toThrow(
      new Problem("setup was interrupted while bringing the stack up", "npm run setup again: it continues from there"),
    );
    expect(done).toEqual(["writing the settings", "bringing the stack up"]);
    expect(process.listenerCount("SIGINT")).toBe(0);
  });

  test("end with the error of the one that fails", async () => {
    const failing = step("writing the settings", () => {
      throw new Problem("no");
    });
    await expect(runSteps([failing, step("checking the stack")])).rejects.toThrow(new Problem("no"));
    expect(done).toEqual(["writing the settings"]);
  });
});
