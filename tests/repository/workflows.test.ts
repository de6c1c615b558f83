// Proves that the workflows are well-formed, pinned and of few rights, and that their scripts do what they say against
// stand-ins. Does not prove that GitHub's runners have what the jobs need.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { title } from "../../tools/engine.ts";
import { actionlint } from "../support/actionlint.ts";

interface Workflow {
  on: Record<string, unknown>;
  defaults?: { run?: { shell?: string } };
  permissions: Record<string, string>;
  concurrency: unknown;
  jobs: Record<string, { permissions?: Record<string, string>; steps: { uses?: string; run?: string }[] }>;
}

const folder = ".github/workflows";
const files = readdirSync(folder).map((file) => join(folder, file));
const texts = files.map((file) => [file, readFileSync(file, "utf8")] as const);
const workflows = texts.map(([file, text]) => [file, parse(text) as Workflow] as const);
const scratch = mkdtempSync(join(tmpdir(), "workflows-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const lint = actionlint();
const reason = "reason" in lint ? lint.reason : undefined;
describe.skipIf(reason)(title("actionlint", reason), () => {
  test("finds nothing", () => {
    if ("binary" in lint) execFileSync(lint.binary, files, { stdio: "pipe" });
  });

  test("finds a property that there is not", () => {
    const file = join(scratch, "wrong.yml");
    const [, text] = texts.find(([name]) => name.endsWith("ci.yml")) as (typeof texts)[number];
    writeFileSync(file, text.replaceAll("matrix.node ", "matrix.nod "));
    if ("binary" in lint) expect(() => execFileSync(lint.binary, [file], { stdio: "pipe" })).toThrow();
  });
});

test.each(texts)("%s: every action is pinned by its commit, with its version beside", (_, text) => {
  const used = [...text.matchAll(/uses: (.*)/g)].map(([, action]) => action);
  expect(used.length).toBeGreaterThan(0);
  for (const action of used) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});

test.each(workflows)(
  "%s: reads by default, writes only where a job says so, never for a fork's code",
  (_, workflow) => {
    expect(workflow.concurrency).toBeDefined();
    expect(Object.keys(workflow.on)).not.toContain("pull_request_target");
    expect(
      Object.entries(workflow.permissions).filter(([scope, right]) => `${scope}: ${right}` !== "contents: read"),
    ).toEqual([]);
    for (const [name, job] of Object.entries(workflow.jobs)) {
      const writes = Object.values(job.permissions ?? {}).includes("write");
      const runsPulledCode = "pull_request" in workflow.on && name !== "shared";
      expect(writes && runsPulledCode, name).toBe(false);
    }
  },
);

test.each(workflows)("%s: the scripts and suites that it runs are there", (_, workflow) => {
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps.map(({ run = "" }) => run));
  const named = steps.flatMap((run) => run.match(/(?:\.github\/scripts|tests)\/[\w./-]+\.(?:sh|mjs|ts)/g) ?? []);
  expect(named.filter((file) => !existsSync(file))).toEqual([]);
});

test.each(workflows)("%s: no pipe hides a failure", (_, workflow) => {
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps.map(({ run = "" }) => run));
  if (steps.some((run) => /[^|]\|[^|]/.test(run))) expect(workflow.defaults?.run?.shell).toBe("bash");
});

describe("comment.mjs", () => {
  interface Comment {
    id: number;
    body: string;
    user: { type: string };
  }
  let server: Server;
  let comments: Comment[] = [];
  const calls: string[] = [];
  const pulls = [{ number: 7, head: { sha: "abc" } }];

  beforeAll(async () => {
    server = createServer(async (request, response) => {
      let text = "";
      for await (const piece of request) text += piece;
      calls.push(`${request.method} ${request.url} ${request.headers.authorization}`);
      const answer = (value: unknown) => response.end(JSON.stringify(value));
      if (request.url?.startsWith("/repos/o/r/pulls?")) answer(pulls);
      else if (request.method === "GET") answer(comments);
      else {
        const { body } = JSON.parse(text) as { body: string };
        const id = Number(/comments\/(\d+)$/.exec(request.url ?? "")?.[1] ?? 100);
        comments = [...comments.filter((each) => each.id !== id), { id, body, user: { type: "Bot" } }];
        answer({});
      }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => server.close());
  beforeEach(() => {
    comments = [{ id: 1, body: "<!-- inngest-local: preview -->\nby a person", user: { type: "User" } }];
    calls.length = 0;
  });

  async function post(text: string, sha = "abc") {
    const file = join(scratch, "comment.md");
    writeFileSync(file, text);
    const { port } = server.address() as AddressInfo;
    return await execa(process.execPath, [".github/scripts/comment.mjs", file], {
      env: {
        GITHUB_TOKEN: "token",
        GITHUB_REPOSITORY: "o/r",
        GITHUB_API_URL: `http://127.0.0.1:${port}`,
        HEAD_SHA: sha,
        HEAD_OWNER: "fork",
        HEAD_BRANCH: "a branch",
      },
    });
  }

  test("posts once, and puts the next text in its place", async () => {
    expect((await post("first")).stdout).toBe("Posted the comment on pull request 7.");
    expect((await post("second")).stdout).toBe("Updated the comment on pull request 7.");
    expect(calls[0]).toBe("GET /repos/o/r/pulls?state=open&head=fork%3Aa%20branch Bearer token");
    expect(comments.map(({ body }) => body)).toEqual([
      "<!-- inngest-local: preview -->\nby a person",
      "<!-- inngest-local: preview -->\nsecond",
    ]);
  });

  test("says nothing of a commit that is not the pull request's any more", async () => {
    expect((await post("late", "old")).stdout).toMatch(/^No open pull request has old as its head/);
    expect(comments).toHaveLength(1);
  });

  test("calls nobody, and cuts what is too long", async () => {
    await post(`@everybody\n${"a line\n".repeat(20_000)}`);
    const { body } = comments.at(-1) as Comment;
    expect(body).toContain("@\u200beverybody");
    expect(body.length).toBeLessThan(65_536);
    expect(body).toMatch(/The rest is too long for a comment\. See the run's artifact\.$/);
  });
});

describe("trend.mjs", () => {
  const report = (folder: string, ratio: number, unit = "ms") => {
    const path = mkdtempSync(join(scratch, folder));
    const results = [{ case: "dev", unit, ratio }];
    writeFileSync(join(path, "start.json"), JSON.stringify({ name: "start", results }));
    return path;
  };
  const trend = (before: string, now: string) =>
    execa(process.execPath, [".github/scripts/trend.mjs", before, now], { reject: false });

  test("shows both ratios, and fails where one became much worse", async () => {
    const same = await trend(report("a", 2), report("b", 2.2));
    expect(same.stdout).toContain("| start: dev | 2.2 | 2 |");
    expect(same.exitCode).toBe(0);
    const worse = await trend(report("c", 2), report("d", 4));
    expect(worse.stderr).toBe("worse by more than 50 %: start: dev");
    expect(worse.exitCode).toBe(1);
  });

  test("of runs a second, fewer are worse", async () => {
    const more = await trend(report("f", 2, "runs/s"), report("g", 4, "runs/s"));
    expect(more.exitCode).toBe(0);
    const fewer = await trend(report("h", 4, "runs/s"), report("i", 2, "runs/s"));
    expect(fewer.stderr).toBe("worse by more than 50 %: start: dev");
  });

  test("a first night has nothing to compare with", async () => {
    const first = await trend(join(scratch, "nothing"), report("e", 1));
    expect(first.stdout).toContain("| start: dev | 1 | – |");
    expect(first.exitCode).toBe(0);
  });
});

describe("release-notes.sh", () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  const notes = (tag: string) => execa(".github/scripts/release-notes.sh", [tag], { reject: false });

  test("are the changelog's section of the tag", async () => {
    const { stdout, exitCode } = await notes(`v${version}`);
    expect(stdout).toContain("- ");
    expect(exitCode).toBe(0);
  });

  test("a tag of another version is refused", async () => {
    const { stderr, exitCode } = await notes("v9.9.9");
    expect(stderr).toBe(`the tag is v9.9.9, but the version in package.json is ${version}`);
    expect(exitCode).toBe(1);
  });
});
