import { appendFile, mkdir } from "node:fs/promises";
import { z } from "zod";
import { inngest } from "../client.ts";
import { dataPath } from "../documents/files.ts";
import { settings } from "../environment.ts";
import { taskCompleted } from "../events.ts";
import { sharedState } from "../redis/shared-state.ts";

const lifetimeMs = 30 * 24 * 3_600_000;
/** Number and bytes of completed tasks of all workers; reset after 30 days without one. */
const taskTotals = sharedState("task-totals", z.object({ tasks: z.number(), bytes: z.number() }), lifetimeMs);

/** Follows `process-task`: appends completed tasks to a journal and, with Redis, adds them to totals that all workers share. */
export const recordTask = inngest.createFunction(
  { id: "record-task", retries: 3, triggers: [taskCompleted] },
  async ({ event, step, runId }) => {
    await step.run("append", async () => {
      await mkdir(dataPath(), { recursive: true });
      await appendFile(dataPath("completed.jsonl"), `${JSON.stringify({ runId, ...event.data })}\n`);
    });
    if (!settings().redisUrl) return { recorded: event.data.url };

    const totals = await step.run("add to totals", () =>
      taskTotals.update("all", ({ tasks, bytes } = { tasks: 0, bytes: 0 }) => ({
        tasks: tasks + 1,
        bytes: bytes + event.data.result.bytes,
      })),
    );
    return { recorded: event.data.url, totals };
  },
);
