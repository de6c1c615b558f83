// Proves that the benchmarks count the processor time of a process and of its ended children. Does not prove it of
// another system than Linux.
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { cpuTimeOf } from "../../bench/support/processes.ts";

test.runIf(process.platform === "linux")("processor time is also that of children that have ended", () => {
  const own = () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6;
  const before = cpuTimeOf([process.pid]) - own();
  execFileSync(process.execPath, ["--eval", "while (process.cpuUsage().user < 300_000);"]);
  expect(cpuTimeOf([process.pid]) - own() - before).toBeGreaterThan(0.25);
  expect(cpuTimeOf([0])).toBe(0);
});
