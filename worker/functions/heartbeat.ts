import { cron } from "inngest";
import { inngest } from "../client.ts";
import { healthDegraded } from "../events.ts";
import { checkHealth } from "../health/checks.ts";

/** Looks at everything that the app stands on, every quarter of an hour, and says so with `health/degraded` when some of it is wrong. */
export const heartbeat = inngest.createFunction(
  { id: "heartbeat", concurrency: { limit: 1 }, retries: 1, triggers: [cron("*/15 * * * *")] },
  async ({ step }) => {
    const checks = await step.run("check", () => checkHealth());
    const failing = checks.filter(({ ok }) => !ok).map(({ check, seen }) => ({ check, seen }));
    if (failing.length > 0) await step.sendEvent("report", healthDegraded.create({ failing }));
    return { status: failing.length > 0 ? "degraded" : "ok", checks };
  },
);
