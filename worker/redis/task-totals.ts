import { z } from "zod";
import { sharedState } from "./shared-state.ts";

const LIFETIME = 30 * 24 * 3_600_000;

/** How many tasks have ended and how many bytes they had, over all workers, until a month without any. */
export const taskTotals = sharedState("task-totals", z.object({ tasks: z.number(), bytes: z.number() }), LIFETIME);
