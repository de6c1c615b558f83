import { noChange } from "./support/no-change.ts";

/** A no-change `pulumi up`, against that of an empty program. */
export const run = noChange("up-noop", {
  what: "An `up` without changes, all resources up, no preview before it.",
  ours: async (stack) => await stack.up(),
  baseline: ["up", "--yes", "--skip-preview"],
  target: { bound: "at most", ratio: 1.6 },
});
