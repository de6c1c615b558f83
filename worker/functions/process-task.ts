import { claimStore } from "../claims/index.ts";
import { inngest } from "../client.ts";
import { download } from "../documents/download.ts";
import { resolveOutput, writeAtomically } from "../documents/files.ts";
import { measure } from "../documents/measure.ts";
import { taskCompleted, taskProcess } from "../events.ts";

/** Downloads a document, measures it, writes the result to `outputPath` and sends `task/completed`. */
export const processTask = inngest.createFunction(
  { id: "process-task", concurrency: { limit: 1 }, retries: 3, triggers: [taskProcess] },
  async ({ event, step, runId }) => {
    const { url } = event.data;
    const outputPath = resolveOutput(event.data.outputPath);

    const document = await step.run("download", async () => {
      const store = await claimStore();
      return store.put(`${runId}.document`, await download(url));
    });

    const result = await step.run("process", async () => {
      const store = await claimStore();
      const measured = await measure(store.open(document));
      await writeAtomically(outputPath, `${JSON.stringify({ url, ...measured }, null, 2)}\n`);
      return measured;
    });

    await step.sendEvent("announce", taskCompleted.create({ url, outputPath, result }));
    await step.run("clean up", async () => (await claimStore()).remove(document));
    return { outputPath, result };
  },
);
