import { flightStatuses, type Run } from "../../lib/inngest/api.ts";
import { Problem } from "../../lib/problem.ts";
import { untilWorks } from "../../lib/wait.ts";
import { reasonOf } from "../lib/checks/check.ts";
import { isProbe } from "../lib/kills/probe.ts";
import type { LiveStack } from "../lib/live-stack.ts";

/** Seconds for short runs, such as a cron's, to end. */
const graceSeconds = 10;
/** Runs that are named before the rest is counted. */
const namedRuns = 5;

/**
 * Refuses to kill parts on which runs depend that verify has not started.
 *
 * @throws {Problem} while such runs are in flight
 */
export async function refuseForeignRuns(stack: LiveStack): Promise<void> {
  const foreign = () =>
    stack.reach(async ({ api }) =>
      (await api.runs(100, { status: flightStatuses })).filter(({ function: { id } }) => !isProbe(id)),
    );
  const areOver = async () => (await foreign()).length === 0 || undefined;
  if (await untilWorks({ seconds: graceSeconds, every: 500 }, areOver)) return;
  const runs = await foreign().catch((error: Error) => {
    throw new Problem(
      `the server does not list its runs (${reasonOf(error)}), so nothing is killed`,
      `npm run verify -- --stack ${stack.name}, whose check registered says more`,
    );
  });
  if (runs.length > 0) throw refusal(stack, runs);
}

function refusal({ name, outputs }: LiveStack, runs: Run[]): Problem {
  const named = runs.slice(0, namedRuns).map(({ id, status, queuedAt, function: fn }) => {
    return `  - ${fn.id} ${status.toLowerCase()} since ${queuedAt} (run ${id})`;
  });
  const more = runs.length > namedRuns ? `\n  - and ${runs.length - namedRuns} more` : "";
  const lost = outputs.durability.kept
    ? ""
    : ` Orphaned runs never end: npm run retention -- --end-orphaned --stack ${name} ends them.`;
  return new Problem(
    `runs that are not verify's own are in flight, and --disruptive kills what they run on:\n${named.join("\n")}${more}`,
    `wait for their end, or --force.${lost} The checks that kill nothing: npm run verify -- --stack ${name}`,
  );
}
