import { z } from "zod";
import { sharedState } from "./shared-state.ts";

const lifetimeMs = 30 * 24 * 3_600_000;

/** Number and bytes of completed tasks of all workers; reset after 30 days without one. */
export const taskTotals = sharedState("task-totals", z.object({ tasks: z.number(), bytes: z.number() }), lifetimeMs);
