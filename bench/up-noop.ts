import { noChange } from "./support/no-change.ts";

/** `pulumi up` without changes, against that of an empty program. */
export const run = noChange("up-noop", {
  what: "An `up` without changes and without a preview, all resources up.",
  ours: async (stack) => await stack.up(),
  baseline: ["up", "--yes", "--skip-preview"],
  target: { bound: "at most", ratio: 1.6 },
});
