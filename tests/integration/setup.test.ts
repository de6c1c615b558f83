// setup in a project folder of its own, up to its last step, a passing verify: by flags, by a person at a terminal,
// killed on its way, and over an Inngest that somebody made by hand. Does not prove: the download of the Pulumi CLI and
// plugins, a worker whose dependencies are installed anew (commands.test.ts), any tier but process.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installDependencies } from "../../lib/dependencies.mjs";
import { InngestApi } from "../../lib/inngest/api.ts";
import { bunFolders } from "../../tools/bun.ts";
import { missing, title } from "../../tools/engine.ts";
import { freePorts } from "../../tools/ports.ts";
import { eventually, linkProject, passphrase } from "../../tools/test-stack.ts";
import { docker } from "../support/containers.ts";
import { noPseudoTerminal, PseudoTerminal } from "../support/pseudo-terminal.ts";

const reason = await missing("pulumi", "inngest");

/** A folder with the project's parts, and a home, in which setup works as in a clone. */
class Clone {
  readonly folder = mkdtempSync(join(tmpdir(), "setup-"));
  readonly environment: NodeJS.ProcessEnv = {
    ...process.env,
    HOME: this.folder,
    PULUMI_HOME: process.env.PULUMI_HOME ?? join(homedir(), ".pulumi"),
    PULUMI_BACKEND_URL: `file://${this.folder}`,
    PULUMI_CONFIG_PASSPHRASE: passphrase,
    XDG_DATA_HOME: join(this.folder, "data"),
  };
  readonly port: number;

  constructor(firstPort: number) {
    this.port = firstPort + 1;
    linkProject(this.folder);
    const settings = { tier: "process", supervisor: "none", port: this.port, workerPort: firstPort };
    const lines = Object.entries(settings).map(([key, value]) => `  inngest-local:${key}: ${value}`);
    writeFileSync(join(this.folder, "Pulumi.dev.yaml"), `config:\n${lines.join("\n")}\n`);
  }

  setup(...args: string[]) {
    return execa(process.execPath, ["cli/setup.ts", ...args], this.#options());
  }

  command(name: string, ...args: string[]) {
    return execa(process.execPath, [`cli/${name}.ts`, ...args], this.#options());
  }

  async outputs<T>(): Promise<T> {
    const { stdout } = await this.command("pulumi", "stack", "output", "--json", "--show-secrets", "--stack", "dev");
    return JSON.parse(stdout) as T;
  }

  /** What a worker has installed already, so that no test waits for npm. */
  installed(worker: string): void {
    const modules = join(this.folder, worker, "node_modules");
    if (!existsSync(modules)) symlinkSync(resolve("worker/node_modules"), modules);
    // Older than what is installed, or npm would install anew.
    utimesSync(join(this.folder, worker, "package-lock.json"), 0, 0);
  }

  async dispose(): Promise<void> {
    await this.command("destroy", "--stack", "dev", "--yes");
    rmSync(this.folder, { recursive: true });
  }

  #options() {
    return {
      cwd: this.folder,
      env: this.environment,
      extendEnv: false,
      reject: false,
      all: true,
      stdin: "ignore",
      detached: true,
    } as const;
  }
}

/** What setup says when all has gone well. */
function expectPassed({ exitCode, all }: { exitCode?: number | undefined; all?: string | undefined }): void {
  expect(all).toMatch(/\d+ passed, 0 failed, \d+ skipped/);
  expect(all).toContain("What next");
  expect(exitCode).toBe(0);
}

describe.skipIf(reason)(title("setup of tier 0", reason), () => {
  let clone: Clone;
  beforeAll(async () => {
    installDependencies("worker", { dev: true });
    clone = new Clone(await freePorts());
  });
  afterAll(() => clone.dispose());

  /** Runs setup, and kills it with all that it has started when `text` appears. */
  async function killedAt(text: RegExp): Promise<void> {
    const setup = clone.setup("0", "--yes", "--worker-dir", "mine");
    let said = "";
    await new Promise<void>((done, fail) => {
      setup.all?.on("data", (chunk) => {
        said += chunk;
        if (text.test(said)) done();
      });
      void setup.then(() => fail(new Error(`setup has ended before it said ${text}:\n${said}`)));
    });
    process.kill(-(setup.pid as number), "SIGKILL");
    await setup;
    if (existsSync(join(clone.folder, "mine"))) clone.installed("mine");
  }

  test("killed at five points and run again, it goes on to the end", async () => {
    await killedAt(/mine: a new worker/);
    await killedAt(/machine +checked/);
    await killedAt(/keys +generated/);
    await killedAt(/server +started/);
    await killedAt(/passed +registered/);
    expectPassed(await clone.setup("0", "--yes", "--worker-dir", "mine"));
    expect(existsSync(join(clone.folder, ".mine.partial"))).toBe(false);
  });

  test("run twice, it changes nothing", async () => {
    const { all = "", ...rest } = await clone.setup("0", "--yes");
    expectPassed({ all, ...rest });
    expect(all).toContain("Pulumi.dev.yaml: stays as it is");
    expect(all).toContain("mine: is there, and stays as it is");
    expect(all).not.toMatch(/\d+ (created|updated|replaced|deleted)/);
  });

  const combinations = ["node", "bun"].flatMap((runtime) =>
    ["ai", "general", "both"].map((work) => [runtime, work] as const),
  );
  test.each(combinations)("on %s for %s work it ends in a passing verify", async (runtime, work) => {
    clone.environment.PATH = [process.env.PATH, ...bunFolders].join(":");
    expectPassed(await clone.setup("--yes", "--runtime", runtime, "--work", work));
  });

  test("with an app of one's own it waits for the app, and then verifies that", async () => {
    const url = `http://127.0.0.1:${clone.port + 4}/api/inngest`;
    const { all, exitCode } = await clone.setup(
      "0",
      "--yes",
      "--runtime",
      "external",
      "--app-url",
      url,
      "--framework",
      "hono",
    );
    expect(all).toContain(`Nothing answers at ${url} yet`);
    expect(exitCode).toBe(0);
    const { appEnvironment, apiUrl, signingKey } = await clone.outputs<{
      appEnvironment: Record<string, string>;
      apiUrl: string;
      signingKey: string;
    }>();
    const folder = join(clone.folder, "app");
    execFileSync("cp", ["-r", "tests/fixtures/durable-worker", folder]);
    symlinkSync(resolve("worker/node_modules"), join(folder, "node_modules"));
    const app = execa(process.execPath, ["serve.ts"], {
      cwd: folder,
      env: { ...appEnvironment, PORT: String(clone.port + 4), DATA_DIR: folder },
      reject: false,
    });
    try {
      // The server asks for it every few seconds.
      await eventually(30_000, async () => {
        const functions = await new InngestApi(apiUrl, signingKey).functions("durable");
        if (functions.length === 0) throw new Error("not registered yet");
      });
      const again = await clone.setup("0", "--yes");
      expectPassed(again);
      expect(again.all).toMatch(/skipped +event +your app has no function verify-probe/);
    } finally {
      app.kill();
      await app;
    }
  });
});

const noTerminal = reason ?? noPseudoTerminal();
const noDocker = noTerminal ?? (await missing("docker"));
const taken = () => docker("ps", "--all", "--filter", "name=^inngest$", "--format", "{{.Names}}") !== "";
const noRecipe = noDocker ?? (taken() ? "a container named inngest is here already" : undefined);

describe.skipIf(noRecipe)(title("setup by a person who has an Inngest made by hand", noRecipe), () => {
  const hex = "00112233445566778899aabbccddeeff";
  let clone: Clone;
  beforeAll(async () => {
    installDependencies("worker", { dev: true });
    clone = new Clone(await freePorts());
    const keys = `INNGEST_SIGNING_KEY=signkey-dev-${hex}\nINNGEST_EVENT_KEY=evtkey-dev-${hex}\n`;
    writeFileSync(join(clone.folder, ".env.inngest"), keys);
    const command = ["run", "--detach", "--name", "inngest", "--publish", `127.0.0.1:${clone.port}:8288`];
    const file = ["--env-file", join(clone.folder, ".env.inngest"), "--volume", "inngest-recipe:/var/lib/inngest"];
    docker(...command, ...file, "inngest/inngest:v1.43.0", "inngest", "start");
  });
  afterAll(async () => {
    docker("rm", "--force", "inngest");
    docker("volume", "rm", "--force", "inngest-recipe");
    await clone.dispose();
  });

  test("it asks its questions, takes keys and history over, and ends in a passing verify", async () => {
    const authorized = { headers: { authorization: `Bearer ${hex}` } };
    const id = await eventually(30_000, async () => {
      const url = `http://127.0.0.1:${clone.port}`;
      const body = '{"name":"recipe/said","data":{}}';
      const answer = await fetch(`${url}/e/evtkey-dev-${hex}`, { method: "POST", body });
      const { ids } = (await answer.json()) as { ids: [string] };
      await sleep(500);
      // The first that it takes may be lost: its API answers before anything listens to its events (Inngest 1.43.0).
      const known = await (await fetch(`${url}/v1/events/${ids[0]}`, authorized)).text();
      // An event that it does not know is HTTP 200 too.
      if (!known.includes("recipe/said")) throw new Error(`the recipe's server has not stored its event: ${known}`);
      return ids[0];
    });
    const terminal = new PseudoTerminal([process.execPath, "cli/setup.ts"], {
      cwd: clone.folder,
      env: clone.environment,
    });
    await terminal.answer("What are you building?", "\r");
    await terminal.answer("Which runtime for the worker?", "\r");
    await terminal.answer("What kind of work?", "\r");
    await terminal.answer("Which folder for the worker?", "\r");
    await terminal.answer("Take its keys over", "\r");
    await terminal.answer("Go ahead?", "\r");
    await eventually(10_000, async () => {
      if (!existsSync(join(clone.folder, "my-worker"))) throw new Error("no worker yet");
    });
    clone.installed("my-worker");
    const exitCode = await terminal.ended();
    expectPassed({ exitCode, all: terminal.text });
    expect(docker("inspect", "--format", "{{.State.Running}}", "inngest")).toBe("false");
    const { apiUrl, signingKey } = await clone.outputs<{ apiUrl: string; signingKey: string }>();
    expect(signingKey).toBe(hex);
    expect(readFileSync(join(clone.folder, "Pulumi.dev.yaml"), "utf8")).not.toContain(hex);
    expect(terminal.text).not.toContain(hex);
    // Its history has come along.
    const known = await fetch(`${apiUrl}/v1/events/${id}`, authorized);
    expect(await known.text()).toContain("recipe/said");
    expect(await new InngestApi(apiUrl, signingKey).apps()).toContain("inngest-local");
  });
});
