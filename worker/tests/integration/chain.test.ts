// Runs task functions on a real server and real workers, with both transports. Proves the whole way of an event; not kills
// (resume.test.ts) and not a server in a container.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { needs, runtimesAndTransports } from "../support/engines.ts";
import { until } from "../support/processes.ts";
import { TestServer } from "../support/server.ts";
import { startWeb, type Web } from "../support/web.ts";
import { TestWorker } from "../support/worker.ts";

describe.each(runtimesAndTransports)("a worker on %s with transport %s", (runtime, transport) => {
  const [title, skipped] = needs("with a real server", "inngest", runtime);

  describe.skipIf(skipped)(title, () => {
    let server: TestServer;
    let worker: TestWorker;
    let web: Web;

    beforeAll(async () => {
      web = await startWeb((request, response) =>
        request.url === "/gone" ? response.writeHead(404).end() : response.end("one\ntwo\nthree\n"),
      );
      server = await TestServer.start();
      worker = await TestWorker.start({ server, runtime, env: { TRANSPORT: transport } });
    });

    afterAll(async () => {
      await worker?.dispose();
      await server?.dispose();
      await web?.close();
    });

    test("runs the chain from task/process to record-task", async () => {
      const url = `${web.url}/document`;
      const event = await server.send("task/process", { url, outputPath: "deep/er/result.json" });
      expect(await server.ended(event, "process-task")).toMatchObject({ status: "COMPLETED" });
      const output = JSON.parse(await readFile(join(worker.dataDirectory, "outputs/deep/er/result.json"), "utf8"));
      expect(output).toMatchObject({ url, bytes: 14, lines: 3 });
      const journal = await until("record-task wrote", async () => {
        const text = await readFile(join(worker.dataDirectory, "completed.jsonl"), "utf8");
        return text.endsWith("\n") && text;
      });
      expect(JSON.parse(journal)).toMatchObject({ url, result: { bytes: 14, sha256: output.sha256 } });
    });

    test("fails on a malformed event without a retry and names the field", async () => {
      const event = await server.send("task/process", { url: "ftp://somewhere", outputPath: "x" });
      const run = await server.ended(event, "process-task");
      expect(run.status).toBe("FAILED");
      expect(JSON.stringify(run.output)).toContain("url: must be an http:// or https:// address");
    });

    test("does not retry the download of a document that does not exist", async () => {
      const event = await server.send("task/process", { url: `${web.url}/gone`, outputPath: "x" });
      expect(await server.ended(event, "process-task")).toMatchObject({ status: "FAILED" });
      expect(web.requests.filter(({ url }) => url === "/gone")).toHaveLength(1);
    });

    test("logs JSON lines with the run's id, and neither payloads nor keys", async () => {
      const lines = worker.output.trim().split("\n");
      const entries = lines.map((line) => JSON.parse(line) as { message: string; runId?: string });
      expect(entries.filter(({ message, runId }) => message === "run completed" && runId).length).toBeGreaterThan(1);
      for (const secret of [server.signingKey, server.eventKey, "deep/er", "ftp://somewhere"]) {
        expect(worker.output).not.toContain(secret);
      }
    });

    test("exits with 0 on SIGTERM", async () => {
      expect(await worker.halt("SIGTERM")).toBe(0);
    });
  });
});
