import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { installDependencies } from "../../lib/dependencies.mjs";

/** Faults of a {@link faultyWorker}, which `workerEnv.FAULT` turns on. */
export type Fault = "unsigned" | "open" | "broken" | "none";

/** Where each is built into the worker's source. */
const faults: { file: string; from: string; to: string }[] = [
  // As INNGEST_DEV does it, which the worker itself refuses to start with.
  { file: "client.ts", from: "isDev: false", to: 'isDev: process.env.FAULT === "unsigned"' },
  {
    file: "start.ts",
    from: "  transport.start();",
    to: '  transport.start();\n  if (process.env.FAULT === "open") await listenEverywhere(() => new Response(), ["0.0.0.0"], port + 6);',
  },
  {
    file: "functions/verify-probe.ts",
    from: 'step.run("last", () => ',
    to: 'step.run("last", () => { if (process.env.FAULT === "broken") throw new Error("out of order"); return ',
  },
  { file: "functions/verify-probe.ts", from: 'mark(probe, "last"))', to: 'mark(probe, "last"); })' },
];

/** What a copy of the worker does without; with a lock file younger than what is installed npm would install anew. */
const left = ["node_modules", "tests", "package-lock.json"];

/** A copy of the worker in `home`, for a stack's `workerDir`; it shares the real worker's dependencies. */
export function faultyWorker(home: string): string {
  const folder = join(home, "faulty-worker");
  installDependencies("worker");
  cpSync("worker", folder, { recursive: true, filter: (path) => !left.includes(basename(path)) });
  symlinkSync(resolve("worker/node_modules"), join(folder, "node_modules"));
  for (const { file, from, to } of faults) {
    const text = readFileSync(join(folder, file), "utf8");
    if (!text.includes(from)) throw new Error(`${file} of the worker has no ${from}, where a fault is built in`);
    writeFileSync(join(folder, file), text.replace(from, to));
  }
  return folder;
}
