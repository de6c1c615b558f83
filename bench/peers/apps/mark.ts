import { appendFileSync } from "node:fs";

/** Leaves the line of a step, as the project's own worker does. */
export function mark(run: string, step: string): void {
  const now = (performance.timeOrigin + performance.now()).toFixed(2);
  appendFileSync(`${process.env.DATA_DIR}/marks`, `${run} ${step} ${now}\n`, { mode: 0o600 });
}
