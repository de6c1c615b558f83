// Runs the AI functions on a real server and real workers with a scripted model. Proves the limit of one step at a time on the
// GPU and cancellation; not what a real model answers.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { needs, runtimes } from "../support/engines.ts";
import { type ModelAnswer, startModel } from "../support/model.ts";
import { until } from "../support/processes.ts";
import { TestServer } from "../support/server.ts";
import { startWeb, type Web } from "../support/web.ts";
import { TestWorker } from "../support/worker.ts";

/** Prints the recording in capitals after half a second, and logs when it started and ended. */
const transcriber = `#!/bin/sh
echo "start $(date +%s%3N)" >> "$0.log"
sleep 0.5
tr a-z A-Z < "$1"
echo "end $(date +%s%3N)" >> "$0.log"
`;

describe.each(runtimes)("AI functions on %s", (runtime) => {
  const [title, skipped] = needs("with a real server", "inngest", runtime);

  describe.skipIf(skipped)(title, () => {
    let server: TestServer;
    let worker: TestWorker;
    let model: Awaited<ReturnType<typeof startModel>>;
    let web: Web;
    const answers: ModelAnswer[] = [];

    beforeAll(async () => {
      web = await startWeb((_, response) => response.end("spoken words"));
      model = await startModel(answers, 300);
      server = await TestServer.start();
      worker = await TestWorker.prepare({
        server,
        runtime,
        env: { WORK: "ai", AI_BASE_URL: `${model.url}/v1`, AI_MODEL: "small" },
      });
      const script = join(worker.dataDirectory, "transcriber.sh");
      await writeFile(script, transcriber);
      worker.boot({ TRANSCRIBE_COMMAND: `sh ${script} {input}` });
      await worker.registered();
    });

    afterAll(async () => {
      await worker?.dispose();
      await server?.dispose();
      await model?.close();
      await web?.close();
    });

    test("serve only AI and upkeep with WORK=ai", async () => {
      const ids = await server.functionIds();
      expect(ids.toSorted()).toEqual([
        "audit-triggers",
        "expire-claims",
        "heartbeat",
        "run-agent",
        "summarize-text",
        "transcribe-audio",
        "transcribe-media",
        "verify-probe",
        "verify-probe-chained",
      ]);
    });

    test("turn recordings into transcripts and summaries, with one user of the GPU at a time", async () => {
      answers.splice(0, answers.length, { text: "A summary." });
      const recordings = [1, 2, 3].map((n) => server.send("media/transcribe", { url: `${web.url}/${n}` }));
      const question = server.send("agent/asked", { conversation: "meanwhile", question: "What?" });
      for (const recording of await Promise.all(recordings)) {
        const run = await server.ended(recording, "transcribe-media", 40_000);
        expect(run).toMatchObject({ status: "COMPLETED", output: { summary: "A summary." } });
      }
      expect(await server.ended(await question, "run-agent")).toMatchObject({ status: "COMPLETED" });
      expect(model.prompts.some(({ messages }) => messages.at(-1)?.content === "SPOKEN WORDS")).toBe(true);

      const log = await readFile(join(worker.dataDirectory, "transcriber.sh.log"), "utf8");
      const times = log
        .trim()
        .split("\n")
        .map((line) => Number(line.split(" ")[1]));
      const uses = [...pairs(times), ...model.times].toSorted(([a], [b]) => a - b);
      expect(uses.length).toBe(7);
      for (const [index, [start]] of uses.entries()) {
        expect(start).toBeGreaterThanOrEqual(uses[index - 1]?.[1] ?? 0);
      }
    });

    test("stop the agent on agent/cancelled for its conversation", async () => {
      answers.splice(0, answers.length, { tool: "list_outputs" });
      const before = model.prompts.length;
      const event = await server.send("agent/asked", { conversation: "long", question: "Continue.", maxTurns: 50 });
      await until("the agent was working", () => model.prompts.length >= before + 2);
      await server.send("agent/cancelled", { conversation: "another" });
      await until("the agent was still working", () => model.prompts.length >= before + 4);
      await server.send("agent/cancelled", { conversation: "long" });
      expect(await server.ended(event, "run-agent")).toMatchObject({ status: "CANCELLED" });
      const asked = model.prompts.length;
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      expect(model.prompts.length).toBeLessThanOrEqual(asked + 1);
    });
  });
});

function pairs(times: number[]): [start: number, end: number][] {
  return times.flatMap((time, index) => (index % 2 === 0 ? [[time, times[index + 1] ?? 0] as [number, number]] : []));
}
