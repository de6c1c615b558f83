import { execa } from "execa";
import { firstRun } from "../cli/first-run.ts";
import { missing } from "../tests/support/engine.ts";
import { type ByHand, startByHand } from "./support/by-hand.ts";
import { EmptyProgram } from "./support/empty-program.ts";
import { compare, type Report, report, timed } from "./support/measure.ts";

const tiers = [
  { stack: "dev", server: "process", ratio: 1.6 },
  { stack: "persistent", server: "container", ratio: 1.8 },
] as const;

/** `npm start` from nothing running to the first completed function, against the least that this can cost. */
export async function run(rounds: number): Promise<Report> {
  const empty = await EmptyProgram.create("usual");
  const npm = (command: string, ...flags: string[]) =>
    execa("node", ["cli/run.mjs", command, ...flags], { stdio: ["ignore", "ignore", "inherit"] });
  const results = [];
  try {
    for (const { stack, server, ratio } of (await missing("docker")) ? [tiers[0]] : tiers) {
      const ours = async () => {
        const time = await timed(() => npm("start", "--stack", stack));
        await npm("destroy", "--stack", stack, "--delete-data", "--yes");
        return time;
      };
      const baseline = async () => {
        const program = await timed(() => empty.run("up", "--yes", "--skip-preview"));
        await empty.run("destroy", "--yes", "--skip-preview");
        let hand: ByHand | undefined;
        const start = await timed(async () => {
          hand = await startByHand(18_288, { runtime: "node", transport: "serve" }, server);
          await firstRun(hand.api, hand.eventKey, `${hand.workerUrl}/healthz`);
        });
        await hand?.stop();
        return program + start;
      };
      // What only the first start of a machine does, such as installing the worker's dependencies, is not part of it.
      await ours();
      results.push(await compare(stack, rounds, ours, baseline, { bound: "at most", ratio }));
    }
  } finally {
    empty.remove();
  }
  return report(
    "start",
    "From nothing running to the first function completed, dependencies installed, images there and the stack created before. " +
      "Baseline: `pulumi up` of an empty program as `pulumi new typescript` makes it, plus server, worker, registration and event by hand, for `persistent` with " +
      "`docker run` of server and Redis. Needs the stacks dev and persistent not to be in use.",
    results,
  );
}
