import { cron, type InngestFunction, NonRetriableError } from "inngest";
import { inngest } from "../client.ts";
import { auditRequested, driftDetected, driftHealed } from "../events.ts";
import { audit } from "../server/audit.ts";
import { register } from "../server/registration.ts";
import { reconnect } from "../transport/connect.ts";

/**
 * Compares the declared triggers with the server's, and crons with their runs. When they differ, it registers the app again and
 * repeats the comparison.
 *
 * The run fails if the drift remains, so that the dashboard shows it.
 *
 * @param functions returns all functions of the app; a callback, because this function is one of them
 */
export function createAuditTriggers(functions: () => InngestFunction.Any[]) {
  return inngest.createFunction(
    {
      id: "audit-triggers",
      concurrency: { limit: 1 },
      retries: 2,
      triggers: [cron("*/15 * * * *"), auditRequested],
    },
    async ({ step }) => {
      const app = inngest.id;
      const drift = await step.run("compare", () => audit(functions()));
      if (drift.length === 0) return { drift };

      await step.sendEvent("report drift", driftDetected.create({ app, drift }));
      await step.run("register", async () => {
        // A worker that connects registers by a new connection.
        if (!(await reconnect())) await register(functions());
      });
      await step.sleep("settle", "2s");
      const remaining = await step.run("compare again", () => audit(functions()));
      if (remaining.length > 0) {
        const list = remaining.map((each) => `${each.function} ${each.problem} (${each.detail})`).join("; ");
        throw new NonRetriableError(`Registering again did not remove the drift: ${list}`);
      }
      await step.sendEvent("report healed", driftHealed.create({ app, drift }));
      return { drift };
    },
  );
}
