// Runs the function in the SDK's test engine with a real web server and real files. Proves its steps and retries; not the limit
// of one run at a time, which the server enforces.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { processTask } from "../../functions/process-task.ts";
import { startRun } from "../support/engine.ts";
import { dataDirectory } from "../support/folder.ts";
import { startWeb, type Web } from "../support/web.ts";

let web: Web | undefined;
afterEach(() => web?.close());

const event = (url: string, outputPath = "result.json") => [{ name: "task/process", data: { url, outputPath } }];
const announced = { announce: { ids: ["1"] } };

test("process-task downloads, measures, writes the output and leaves no claim behind", async () => {
  const folder = dataDirectory();
  web = await startWeb((_, response) => response.end("a\nb\n"));
  const { result } = await startRun(processTask, event(web.url, "a/b/result.json"), announced).attempt();
  expect(result).toMatchObject({ result: { bytes: 4, lines: 2 } });
  expect(JSON.parse(readFileSync(join(folder, "outputs/a/b/result.json"), "utf8"))).toMatchObject({
    url: web.url,
    lines: 2,
  });
  expect(readdirSync(join(folder, "claims"))).toEqual([]);
});

test("process-task retries a failed download", async () => {
  dataDirectory();
  const answers = [500, 200];
  web = await startWeb((_, response) => response.writeHead(answers.shift() ?? 200).end("text"));
  const run = startRun(processTask, event(web.url), announced);
  expect((await run.attempt()).error?.message).toContain("answered 500");
  expect((await run.attempt()).result).toBeDefined();
});

test("process-task retries a failed write without downloading again", async () => {
  const folder = dataDirectory();
  web = await startWeb((_, response) => response.end("text"));
  mkdirSync(join(folder, "outputs"));
  writeFileSync(join(folder, "outputs/blocked"), "a file where a folder is needed");
  const run = startRun(processTask, event(web.url, "blocked/result.json"), announced);
  expect((await run.attempt()).error?.message).toMatch(/EEXIST|ENOTDIR/);
  rmSync(join(folder, "outputs/blocked"));
  expect((await run.attempt()).result).toMatchObject({ result: { bytes: 4 } });
  expect(web.requests).toHaveLength(1);
});

test("process-task rejects a relative output path that leaves the outputs folder", async () => {
  dataDirectory();
  const { error } = await startRun(processTask, event("http://127.0.0.1:9", "../../escape"), announced).attempt();
  expect(error?.message).toContain('outputPath "../../escape" leaves the outputs folder');
});

test.each([
  ["url", { url: "file:///etc/hosts", outputPath: "x" }],
  ["outputPath", { url: "http://127.0.0.1:9" }],
])("process-task rejects an event with a malformed %s before any step", async (field, data) => {
  const { error } = await startRun(processTask, [{ name: "task/process", data }]).attempt();
  expect(error).toMatchObject({ name: "EventValidationError", message: expect.stringContaining(`${field}: `) });
});
