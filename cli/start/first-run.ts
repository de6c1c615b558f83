import { setTimeout as sleep } from "node:timers/promises";
import { endStatuses, type InngestApi } from "../../lib/inngest/api.ts";

/** Seconds for a first function to be done; its work takes far less than one. */
const patienceSeconds = 60;

/** The function that the first event starts. */
export const firstFunction = "process-task";

/**
 * Sends one `task/process` event through a worker and waits until its function is done.
 * The worker downloads its own health page, so that nothing outside this machine takes part.
 * Throws when the run fails or does not end within 60 s.
 */
export async function firstRun(api: InngestApi, eventKey: string, workerHealthUrl: string): Promise<{ runId: string }> {
  const eventId = await api.send(eventKey, {
    name: "task/process",
    data: { url: workerHealthUrl, outputPath: "first-task.json" },
  });
  const deadline = Date.now() + patienceSeconds * 1000;
  while (Date.now() < deadline) {
    const run = (await api.runsOf(eventId)).find(({ function: { id } }) => id === firstFunction);
    if (run && endStatuses.has(run.status)) {
      if (run.status === "COMPLETED") return { runId: run.id };
      throw new Error(`the run ${run.id} of ${firstFunction} ended as ${run.status}`);
    }
    await sleep(50);
  }
  throw new Error(`the event ${eventId} was accepted, and ${firstFunction} did not end within ${patienceSeconds} s`);
}
