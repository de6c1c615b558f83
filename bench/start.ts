import { execa } from "execa";
import { firstRun } from "../cli/start/first-run.ts";
import { missing } from "../tools/engine.ts";
import { type ByHand, type HandServer, startByHand } from "./support/by-hand.ts";
import { figure, interleave, type Report, report, timed } from "./support/measure.ts";
import { BenchProgram } from "./support/program.ts";

const tiers = [
  { stack: "dev", ratio: 1.6, byHand: { "": "process" } },
  {
    stack: "persistent",
    ratio: 1.8,
    byHand: { "": "containers", ", against server and queue alone": "bare containers" },
  },
] as const;

/** `npm start` from nothing running to the first completed function, against the least that this can cost. */
export async function run(rounds: number): Promise<Report> {
  const empty = await BenchProgram.create("usual");
  const npm = (command: string, ...flags: string[]) =>
    execa("node", ["cli/run.mjs", command, ...flags], { stdio: ["ignore", "ignore", "inherit"] });
  const results = [];
  try {
    for (const { stack, ratio, byHand } of (await missing("docker")) ? [tiers[0]] : tiers) {
      const ours = async () => {
        const time = await timed(() => npm("start", "--stack", stack));
        await npm("destroy", "--stack", stack, "--delete-data", "--yes");
        return time;
      };
      const baseline = (server: HandServer) => async () => {
        const program = await timed(() => empty.run("up", "--yes", "--skip-preview"));
        await empty.run("destroy", "--yes", "--skip-preview");
        let hand: ByHand | undefined;
        try {
          const start = await timed(async () => {
            hand = await startByHand(18_288, { runtime: "node", transport: "serve" }, server);
            await firstRun(hand.api, hand.eventKey, `${hand.workerUrl}/healthz`);
          });
          return program + start;
        } finally {
          await hand?.stop();
        }
      };
      // What only the first start of a machine does, such as installing the worker's dependencies, is not part of it.
      await ours();
      const servers = Object.entries<HandServer>(byHand);
      const baselines = Object.fromEntries(servers.map(([, server]) => [server, baseline(server)]));
      const found = await interleave<string, number>(stack, rounds, { ours, ...baselines });
      for (const [name, server] of servers) {
        const target = name === "" ? { target: { bound: "at most", ratio } as const } : {};
        results.push(figure(stack + name, "ms", found.ours as number[], found[server] as number[], rounds, target));
      }
    }
  } finally {
    empty.remove();
  }
  return report(
    "start",
    "From nothing running to the first function completed, dependencies installed, images there and the stack created before. " +
      "Baseline: `pulumi up` of an empty program as `pulumi new typescript` makes it, plus the same by hand: server, worker, registration and event, for `persistent` by a " +
      "`docker run` of each of queue, server, gateway and janitor, or of the first two alone. Needs the stacks dev and persistent not to be in use.",
    results,
  );
}
