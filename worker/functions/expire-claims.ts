import { cron } from "inngest";
import { claimStore } from "../claims/index.ts";
import { inngest } from "../client.ts";

/** Removes claims whose time is over, and what killed workers have left half written. */
export const expireClaims = inngest.createFunction(
  { id: "expire-claims", concurrency: { limit: 1 }, retries: 3, triggers: [cron("20 * * * *")] },
  async ({ step }) => {
    const removed = await step.run("remove expired", async () => (await claimStore()).removeExpired());
    return { removed };
  },
);
