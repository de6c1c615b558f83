import { endStatuses, type InngestApi } from "../../lib/inngest/api.ts";
import { until } from "../../lib/wait.ts";

/** Far longer than the first function takes. */
const timeoutSeconds = 60;

/** The function that the first event starts. */
export const firstFunction = "process-task";

/**
 * Sends one `task/process` event and waits until its function has completed. The worker downloads its own health page,
 * so nothing outside of this machine takes part.
 *
 * @throws when the run fails, or has not ended within 60 s
 */
export async function firstRun(api: InngestApi, eventKey: string, workerHealthUrl: string): Promise<{ runId: string }> {
  const eventId = await api.send(eventKey, {
    name: "task/process",
    data: { url: workerHealthUrl, outputPath: "first-task.json" },
  });
  const run = await until({ seconds: timeoutSeconds, every: 50 }, async () =>
    (await api.runsOf(eventId)).find(({ function: { id }, status }) => id === firstFunction && endStatuses.has(status)),
  );
  if (!run) {
    throw new Error(`the event ${eventId} was accepted, and ${firstFunction} did not end within ${timeoutSeconds} s`);
  }
  if (run.status !== "COMPLETED") throw new Error(`the run ${run.id} of ${firstFunction} ended as ${run.status}`);
  return { runId: run.id };
}
