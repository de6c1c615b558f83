import { flightStatuses, type Run } from "../../lib/inngest/api.ts";
import { Problem } from "../../lib/problem.ts";
import { reasonOf } from "../lib/checks/check.ts";
import { until } from "../lib/checks/patience.ts";
import type { LiveStack } from "../lib/live-stack.ts";
import { isProbe } from "./probe.ts";

/** Seconds for short runs, such as a cron's, to end by themselves. */
const patienceSeconds = 10;
/** Runs that are named before the rest is counted. */
const namedRuns = 5;

/** Throws {@link Problem} while runs that verify has not started are in flight: what is killed under them, they feel too. */
export async function refuseForeignRuns(stack: LiveStack): Promise<void> {
  const foreign = () =>
    stack.reach(async ({ api }) =>
      (await api.runs(100, { status: flightStatuses })).filter(({ function: { id } }) => !isProbe(id)),
    );
  if (await until(patienceSeconds, async () => ((await foreign()).length === 0 ? true : undefined), 500)) return;
  const runs = await foreign().catch((error: Error) => {
    throw new Problem(
      `the server does not tell its runs (${reasonOf(error)}), so nothing is killed under them`,
      `npm run verify -- --stack ${stack.name}, whose registered says more`,
    );
  });
  if (runs.length > 0) throw new Problem(refusal(stack, runs));
}

function refusal({ name, keepsRuns }: LiveStack, runs: Run[]): string {
  const named = runs.slice(0, namedRuns).map(({ id, status, queuedAt, function: fn }) => {
    return `  - ${fn.id} ${status.toLowerCase()} since ${queuedAt} (run ${id})`;
  });
  const more = runs.length > namedRuns ? `\n  - and ${runs.length - namedRuns} more` : "";
  const lost = keepsRuns
    ? ""
    : ` Those that a server has forgotten stay so for ever: npm run retention -- --end-orphaned --stack ${name} ends them.`;
  return (
    `runs that are not verify's own are in flight, and --disruptive kills what they run on:\n${named.join("\n")}${more}\n` +
    `Remedy: wait for their end, or --force.${lost} The checks that kill nothing: npm run verify -- --stack ${name}`
  );
}
