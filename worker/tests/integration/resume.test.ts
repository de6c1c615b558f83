import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { needs } from "../support/engines.ts";
import { until } from "../support/processes.ts";
import { TestServer } from "../support/server.ts";
import { startWeb, type Web } from "../support/web.ts";
import { type RuntimeName, TestWorker } from "../support/worker.ts";

const cases: [RuntimeName, "serve" | "connect"][] = [
  ["node", "serve"],
  ["bun", "serve"],
  ["node", "connect"],
  ["bun", "connect"],
];

describe.each(cases)("a worker on %s by %s that is stopped", (runtime, transport) => {
  const [title, skipped] = needs("in the middle of a run", "inngest", runtime);

  describe.skipIf(skipped)(title, () => {
    let server: TestServer;
    let worker: TestWorker;
    let web: Web;
    /** Answers of `/slow` that the test holds back. */
    let held: (() => void)[] = [];

    beforeAll(async () => {
      web = await startWeb((request, response) => {
        if (request.url === "/slow") held.push(() => response.end("slow\n"));
        else response.end("fast\n");
      });
      server = await TestServer.start();
      worker = await TestWorker.start({ server, runtime, env: { TRANSPORT: transport } });
    });

    afterAll(async () => {
      await worker?.dispose();
      await server?.dispose();
      await web?.close();
    });

    const lease =
      transport === "connect" ? " (skipped: by connect the server waits 2 min, as long as its lease lasts)" : "";
    test.skipIf(lease)(`by kill -9 goes on with the step that was lost${lease}`, async () => {
      held = [];
      const event = await server.send("task/process", { url: `${web.url}/slow`, outputPath: "killed.json" });
      await until("the download began", () => held.length === 1);
      await worker.halt("SIGKILL");
      worker.boot();
      await worker.registered();
      await until("the download began again", () => held.length === 2, 40_000);
      held[1]?.();
      expect(await server.ended(event, "process-task")).toMatchObject({ status: "COMPLETED" });
      const output = JSON.parse(await readFile(join(worker.dataDirectory, "outputs/killed.json"), "utf8"));
      expect(output).toMatchObject({ bytes: 5 });
    });

    test("by SIGTERM ends the running step first, takes no other work, and exits with 0", async () => {
      held = [];
      const event = await server.send("task/process", { url: `${web.url}/slow`, outputPath: "drained.json" });
      await until("the download began", () => held.length === 1);
      const stopped = worker.halt("SIGTERM");
      await until("the worker took no more connections", () =>
        fetch(`${worker.origin}/`).then(
          () => false,
          () => true,
        ),
      );
      held[0]?.();
      expect(await stopped).toBe(0);
      worker.boot();
      await worker.registered();
      expect(await server.ended(event, "process-task")).toMatchObject({ status: "COMPLETED" });
      expect(held).toHaveLength(1);
    });
  });
});
