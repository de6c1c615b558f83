// Stops real workers during a step on a real server. Proves that the run completes; not the end of a whole machine.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { needs, runtimesAndTransports } from "../support/engines.ts";
import { until } from "../support/processes.ts";
import { TestServer } from "../support/server.ts";
import { startWeb, type Web } from "../support/web.ts";
import { TestWorker } from "../support/worker.ts";

describe.each(runtimesAndTransports)("a worker on %s with transport %s", (runtime, transport) => {
  const [title, skipped] = needs("stopped during a run", "inngest", runtime);

  describe.skipIf(skipped)(title, () => {
    let server: TestServer;
    let worker: TestWorker;
    let web: Web;
    /** Answers of `/slow` that the test delays. */
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
      transport === "connect" ? " (skipped: with connect the server waits 2 min for its lease to expire)" : "";
    test.skipIf(lease)(`by SIGKILL repeats the step that was lost${lease}`, async () => {
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

    test("by SIGTERM finishes the running step, takes no other work, and exits with 0", async () => {
      held = [];
      const event = await server.send("task/process", { url: `${web.url}/slow`, outputPath: "drained.json" });
      await until("the download began", () => held.length === 1);
      const stopped = worker.halt("SIGTERM");
      await until("the worker accepted no more connections", () =>
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
