// Runs functions in the SDK's test engine on real files. Proves results, retries and errors; not concurrency keys and batching,
// which the server does (tests/integration/patterns.test.ts).
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { acceptWebhook } from "../../functions/accept-webhook.ts";
import { expireClaims } from "../../functions/expire-claims.ts";
import { importRecords } from "../../functions/import-records.ts";
import { recordTask } from "../../functions/record-task.ts";
import { updateProject } from "../../functions/update-project.ts";
import { startRun } from "../support/engine.ts";
import { dataDirectory } from "../support/folder.ts";

const completed = { url: "http://a", outputPath: "/a", result: { bytes: 1, lines: 0, sha256: "00" } };

test("record-task appends a line to the journal without Redis", async () => {
  const folder = dataDirectory();
  const { result } = await startRun(recordTask, [{ name: "task/completed", data: completed }]).attempt();
  expect(result).toEqual({ recorded: "http://a" });
  expect(JSON.parse(readFileSync(join(folder, "completed.jsonl"), "utf8"))).toMatchObject(completed);
});

test("record-task with an unavailable Redis fails after the journal and does not append again", async () => {
  const folder = dataDirectory();
  vi.stubEnv("REDIS_URL", "redis://127.0.0.1:9");
  const run = startRun(recordTask, [{ name: "task/completed", data: completed }]);
  expect((await run.attempt()).error?.message).toContain("Redis at REDIS_URL is unavailable: ");
  expect((await run.attempt()).error?.message).toContain("Redis at REDIS_URL is unavailable: ");
  expect(readFileSync(join(folder, "completed.jsonl"), "utf8").trim().split("\n")).toHaveLength(1);
});

test("update-project counts revisions for each project and loses none by a failed write", async () => {
  const folder = dataDirectory();
  const change = (project: string) =>
    startRun(updateProject, [{ name: "project/changed", data: { project, summary: "s" } }]);
  expect((await change("one").attempt()).result).toEqual({ project: "one", revision: 1 });
  expect((await change("two").attempt()).result).toEqual({ project: "two", revision: 1 });
  rmSync(join(folder, "projects/two.json"));
  mkdirSync(join(folder, "projects/two.json"));
  const blocked = change("two");
  expect((await blocked.attempt()).error).toBeDefined();
  rmSync(join(folder, "projects/two.json"), { recursive: true });
  expect((await blocked.attempt()).result).toEqual({ project: "two", revision: 1 });
  expect((await change("one").attempt()).result).toEqual({ project: "one", revision: 2 });
});

test("update-project rejects a project name that is a path", async () => {
  const data = { project: "../other", summary: "s" };
  const { error } = await startRun(updateProject, [{ name: "project/changed", data }]).attempt();
  expect(error?.message).toContain("project: must be letters, digits");
});

test("import-records writes the valid records, then fails and names the others", async () => {
  const folder = dataDirectory();
  const record = (data: unknown) => ({ name: "import/record", data });
  const events = [record({ collection: "people", record: { a: 1 } }), record({ collection: "people", record: 5 })];
  const run = startRun(importRecords, events);
  const { error } = await run.attempt();
  expect(error).toMatchObject({
    name: "NonRetriableError",
    message: expect.stringMatching(/^1 of 2 records rejected: record 2: record: /),
  });
  const [file = ""] = readdirSync(join(folder, "imports/people"));
  expect(readFileSync(join(folder, "imports/people", file), "utf8")).toBe('{"a":1}\n');
});

test("import-records writes a batch into one file once", async () => {
  const folder = dataDirectory();
  writeFileSync(join(folder, "imports"), "in the way");
  const events = [1, 2, 3].map((n) => ({ name: "import/record", data: { collection: "c", record: { n } } }));
  const run = startRun(importRecords, events);
  expect((await run.attempt()).error).toBeDefined();
  rmSync(join(folder, "imports"));
  expect((await run.attempt()).result).toEqual({ collection: "c", imported: 3 });
  expect(readdirSync(join(folder, "imports/c"))).toEqual([expect.stringMatching(/^[0-9A-Z]{26}\.jsonl$/)]);
});

test("accept-webhook stores the body inside its folder when the delivery id looks like a path", async () => {
  const folder = dataDirectory();
  const data = { source: "forge", delivery: "../../x", body: { n: 1 } };
  await startRun(acceptWebhook, [{ name: "webhook/received", data }]).attempt();
  expect(JSON.parse(readFileSync(join(folder, "webhooks/forge/..%2F..%2Fx.json"), "utf8"))).toEqual({ n: 1 });
  expect(existsSync(join(folder, "../x.json"))).toBe(false);
});

test("expire-claims removes expired claims only", async () => {
  const folder = dataDirectory();
  mkdirSync(join(folder, "claims"));
  writeFileSync(join(folder, "claims/2020010100-old.part0"), "");
  writeFileSync(join(folder, "claims/2999010100-new.part0"), "");
  expect((await startRun(expireClaims, []).attempt()).result).toEqual({ removed: 1 });
  expect(readdirSync(join(folder, "claims"))).toEqual(["2999010100-new.part0"]);
});
