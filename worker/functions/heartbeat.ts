import { cron } from "inngest";
import { inngest } from "../client.ts";
import { healthDegraded } from "../events.ts";
import { checkHealth } from "../health/checks.ts";

/** Checks every 15 minutes everything that the app depends on, and sends `health/degraded` when a check fails. */
export const heartbeat = inngest.createFunction(
  { id: "heartbeat", concurrency: { limit: 1 }, retries: 1, triggers: [cron("*/15 * * * *")] },
  async ({ step }) => {
    const checks = await step.run("check", () => checkHealth());
    const failing = checks.filter(({ ok }) => !ok).map(({ check, seen }) => ({ check, seen }));
    if (failing.length > 0) await step.sendEvent("report", healthDegraded.create({ failing }));
    return { status: failing.length > 0 ? "degraded" : "ok", checks };
  },
);
