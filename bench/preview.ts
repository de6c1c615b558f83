import { noChange } from "./support/no-change.ts";

/** `pulumi preview` without changes, against that of an empty program. */
export const run = noChange("preview", {
  what: "A preview without changes, all resources up.",
  ours: async (stack) => {
    const changes = await stack.changes();
    if (changes.length > 0) throw new Error(`the preview has changes: ${JSON.stringify(changes)}`);
  },
  baseline: ["preview"],
  target: { bound: "at most", ratio: 1.5 },
});
