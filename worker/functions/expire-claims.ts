import { cron } from "inngest";
import { claimStore } from "../claims/index.ts";
import { inngest } from "../client.ts";

/** Removes expired claims, including incomplete ones of workers that were killed. */
export const expireClaims = inngest.createFunction(
  { id: "expire-claims", concurrency: { limit: 1 }, retries: 3, triggers: [cron("20 * * * *")] },
  async ({ step }) => {
    const removed = await step.run("remove expired", async () => (await claimStore()).removeExpired());
    return { removed };
  },
);
