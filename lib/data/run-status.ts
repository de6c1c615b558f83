/** Codes in `trace_runs.status` of a run that has ended: overflowed, completed, failed, cancelled, skipped. */
export const endCodes = "50, 300, 400, 500, 600";
