import { cron, type InngestFunction, NonRetriableError } from "inngest";
import { inngest } from "../client.ts";
import { auditRequested, driftDetected, driftHealed } from "../events.ts";
import { audit } from "../server/audit.ts";
import { reregister } from "../transport/index.ts";

/**
 * Compares declared triggers with the server's, and crons with their runs; registers again when they differ, and looks once
 * more.
 *
 * The run fails when registering does not help: then a person must look, and the dashboard shows it.
 *
 * @param functions all functions of the app, this one among them, hence a function
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

      await step.sendEvent("say detected", driftDetected.create({ app, drift }));
      await step.run("register", () => reregister(functions()));
      await step.sleep("let it settle", "2s");
      const left = await step.run("compare again", () => audit(functions()));
      if (left.length > 0) {
        const list = left.map((each) => `${each.function} ${each.problem} (${each.detail})`).join("; ");
        throw new NonRetriableError(`Registering again did not remove the drift: ${list}`);
      }
      await step.sendEvent("say healed", driftHealed.create({ app, drift }));
      return { drift };
    },
  );
}
