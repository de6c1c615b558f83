import { inngest } from "../client.ts";
import { verifyChained } from "../events.ts";
import { countMarks, mark, removeMarks } from "../probe/marks.ts";

/** Follows `verify-probe`: counts the marks of both functions and removes them. */
export const verifyProbeChained = inngest.createFunction(
  { id: "verify-probe-chained", checkpointing: false, retries: 10, triggers: [verifyChained] },
  async ({ event, step }) => {
    const { probe } = event.data;
    await step.run("chained", () => mark(probe, "chained"));
    const marks = await step.run("count", () => countMarks(probe));
    await step.run("clean up", () => removeMarks(probe));
    return { probe, marks };
  },
);
