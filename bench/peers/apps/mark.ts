import { appendFileSync } from "node:fs";

/** Appends the line of a step to `marks`, in the format of bench/support/worker/serve.ts. */
export function mark(run: string, step: string): void {
  const now = (performance.timeOrigin + performance.now()).toFixed(2);
  appendFileSync(`${process.env.DATA_DIR}/marks`, `${run} ${step} ${now}\n`, { mode: 0o600 });
}
