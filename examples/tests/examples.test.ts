// Runs each example app against a real server. Proves that its endpoint is mounted and signed; not the functions' every path,
// which worker/tests does.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { needs } from "../../worker/tests/support/engines.ts";
import { until } from "../../worker/tests/support/processes.ts";
import { TestServer } from "../../worker/tests/support/server.ts";
import { startWeb, type Web } from "../../worker/tests/support/web.ts";
import { TestWorker } from "../../worker/tests/support/worker.ts";

const [title, skipped] = needs("with a real server", "inngest");
const examples = resolve(import.meta.dirname, "..");
const next = "node_modules/next/dist/bin/next";

describe.skipIf(skipped)(title, () => {
  let server: TestServer;
  let app: TestWorker;
  let web: Web;

  beforeEach(async () => {
    web = await startWeb((_, response) => response.end("one\ntwo\n"));
    server = await TestServer.start();
  });

  afterEach(async () => {
    await app?.dispose();
    await server?.dispose();
    await web?.close();
  });

  async function expectChain(): Promise<void> {
    await until(
      "the app answered",
      async () => (await fetch(`${app.origin}/api/inngest`, { method: "PUT" })).status === 401,
    );
    await server.requestRegistration(app.origin);
    expect(await server.functionIds()).toContain("process-task");
    const event = await server.send("task/process", { url: web.url, outputPath: "out.json" });
    expect(await server.ended(event, "process-task")).toMatchObject({ status: "COMPLETED" });
    const journal = await until("the chain completed", () =>
      readFile(join(app.dataDirectory, "completed.jsonl"), "utf8"),
    );
    expect(JSON.parse(journal)).toMatchObject({ url: web.url, result: { lines: 2 } });
  }

  test.each(["express", "hono"])("the %s app runs the chain and rejects unsigned requests", async (name) => {
    app = await TestWorker.prepare({ server, source: examples, args: [`${name}/server.ts`] });
    app.boot();
    await expectChain();
  });

  test("the built Next.js app runs the chain and rejects unsigned requests", async () => {
    await promisify(execFile)(process.execPath, [next, "build", "next"], { cwd: examples });
    app = await TestWorker.prepare({ server, source: examples, args: [next, "start", "next", "-H", "127.0.0.1"] });
    app.boot();
    await expectChain();
  });
});
