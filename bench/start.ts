import { execa } from "execa";
import { missing } from "../tools/engine.ts";
import { type ManualServer, type ManualSetup, startManually } from "./support/manual-setup.ts";
import { figure, interleave, type Report, type Result, report, timed } from "./support/measure.ts";
import { BenchProgram } from "./support/program.ts";

const tiers = [
  { stack: "dev", ratio: 1.6, baselines: { "": "process" } },
  {
    stack: "persistent",
    ratio: 1.8,
    baselines: { "": "containers", ", against server and queue alone": "bare containers" },
  },
] as const;

/** `npm start` from nothing running to the first completed function, against the minimum that this can cost. */
export async function run(rounds: number): Promise<Report> {
  const empty = await BenchProgram.create("template");
  const results: Result[] = [];
  try {
    for (const { stack, ratio, baselines } of (await missing("docker")) ? [tiers[0]] : tiers) {
      const ours = async () => {
        const time = await timed(() => npm("start", "--stack", stack));
        await npm("destroy", "--stack", stack, "--delete-data", "--yes");
        return time;
      };
      // Leaves out what only the first start on a machine does, such as installing the worker's dependencies.
      await ours();
      const servers = Object.entries<ManualServer>(baselines);
      const sides = Object.fromEntries(servers.map(([, server]) => [server, () => manualStart(empty, server)]));
      const times = await interleave<string, number>(stack, rounds, { ours, ...sides });
      for (const [name, server] of servers) {
        const target = name === "" ? ({ bound: "at most", ratio } as const) : undefined;
        results.push(figure(stack + name, "ms", times.ours ?? [], times[server] ?? [], rounds, { target }));
      }
    }
  } finally {
    empty.remove();
  }
  return report(
    "start",
    "From nothing running to the first completed function, with dependencies installed, images present and the stack created before. " +
      "Baseline: `pulumi up` of an empty program, as created by `pulumi new typescript`, plus the manual setup: server, worker, " +
      "registration and event. For `persistent` that is a `docker run` for each of queue, server, gateway and janitor, or for the first " +
      "two alone. The stacks dev and persistent must not be in use.",
    results,
  );
}

async function npm(command: string, ...flags: string[]): Promise<void> {
  await execa("node", ["cli/run.mjs", command, ...flags], { stdio: ["ignore", "ignore", "inherit"] });
}

/** Milliseconds for `up` of the empty program, then for the manual setup up to its first completed task. */
async function manualStart(empty: BenchProgram, server: ManualServer): Promise<number> {
  const program = await timed(() => empty.run("up", "--yes", "--skip-preview"));
  await empty.run("destroy", "--yes", "--skip-preview");
  let setup: ManualSetup | undefined;
  try {
    const start = await timed(async () => {
      setup = await startManually(18_288, { runtime: "node", transport: "serve" }, server);
      await setup.runTask(({ status }) => status === "COMPLETED");
    });
    return program + start;
  } finally {
    await setup?.stop();
  }
}
