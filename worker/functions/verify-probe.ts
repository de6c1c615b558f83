import { setTimeout as delay } from "node:timers/promises";
import { inngest } from "../client.ts";
import { verifyChained, verifyProbed } from "../events.ts";
import { mark } from "../probe/marks.ts";

/**
 * The run that `npm run verify` and `npm run demo` watch. Each step leaves a mark when it is executed, which reveals a step that ran twice.
 *
 * Checkpointing is off so that every step goes through the server: a step that the server lists has started, and the result of
 * one that it lists as completed is stored.
 */
export const verifyProbe = inngest.createFunction(
  { id: "verify-probe", checkpointing: false, retries: 10, triggers: [verifyProbed] },
  async ({ event, step }) => {
    const { probe, holdSeconds = 0, napSeconds = 0 } = event.data;
    await step.run("first", () => mark(probe, "first"));
    if (holdSeconds > 0) {
      await step.run("hold", async () => {
        await mark(probe, "hold");
        await delay(holdSeconds * 1000);
      });
    }
    if (napSeconds > 0) await step.sleep("nap", napSeconds * 1000);
    await step.run("last", () => mark(probe, "last"));
    await step.sendEvent("chain", verifyChained.create({ probe }));
    return { probe };
  },
);
