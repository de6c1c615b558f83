import { styleText } from "node:util";
import { warningsOf } from "../lib/data/requests.ts";
import { forwardCommand, neededForward } from "../lib/places/forward.ts";
import { withProgress, wrapped } from "./lib/checks/terminal.ts";
import { defineCommand, runCommand } from "./lib/command.ts";
import { compareFunctions, Unreachable } from "./lib/comparison.ts";
import { type KnownStack, knownStack, LiveStack, outputsOf } from "./lib/live-stack.ts";
import { readable, sizeProblem, sizesOf } from "./lib/sizes.ts";
import { versionsOf } from "./lib/versions.ts";
import { cronLine, cronsOf } from "./status/crons.ts";
import { partLine, reportsOf } from "./status/parts.ts";

const command = defineCommand(
  "status",
  "Shows on one screen what of a stack runs where, its versions and sizes, and when its crons last ran.",
)
  .option("-s, --stack <stack>", "the stack, one of the Pulumi.<stack>.yaml files", "dev")
  .option("--json", "print { stack, tier, durability, parts, versions, sizes, alarms, crons } and nothing else")
  .addHelpText("after", "\nExample: npm run status -- --stack persistent")
  .action(status);

async function status({ stack: name, json }: { stack: string; json?: true }): Promise<void> {
  const { stack, comparison, parts, versions, sizes, crons } = await withProgress(
    `looking at stack ${name}`,
    look(name),
  );
  const problems = [
    sizeProblem(name, sizes),
    ...parts.flatMap(({ lastSweep }) => (lastSweep?.report ? warningsOf(lastSweep.report) : [])),
  ];
  const alarms = problems.flatMap((problem) => problem?.message ?? []);
  const isDown = parts.some(({ isRunning }) => !isRunning) || comparison instanceof Unreachable;
  if (isDown) process.exitCode = 1;
  const { tier, outputs } = stack;
  const { durability, dashboardUrl } = outputs;
  if (json) {
    console.log(JSON.stringify({ stack: name, tier, durability, parts, versions, sizes, alarms, crons }));
    return;
  }
  row("Stack", `${name}, tier ${tier}`);
  row("Dashboard", dashboardUrl);
  const forward = neededForward(outputs);
  if (forward) row("", `while this runs: ${forwardCommand(forward)}`);
  row("Durability", durability.text);
  for (const part of parts) row(part.name, partLine(part));
  if (comparison instanceof Unreachable) {
    row("", `the ${comparison.who} does not answer as it should: ${comparison.message}`);
  }
  row(
    "Versions",
    Object.entries(versions)
      .map(([what, version]) => `${what} ${version}`)
      .join(", "),
  );
  row("Sizes", sizes.map(({ what, bytes }) => `${what} ${readable(bytes)}`).join(", ") || "nothing yet");
  for (const alarm of alarms) row("Alarm", styleText("yellow", alarm, { stream: process.stdout }));
  for (const cron of crons) row(cron === crons[0] ? "Crons" : "", cronLine(cron));
  if (isDown) console.log(`\nnpm run doctor -- --stack ${name} shows what is wrong.`);
}

/** Looks at everything at once, because Pulumi's CLI takes longer to answer than all the rest. */
async function look(name: string) {
  const known = await knownStack(name);
  const inside = lookInside(known);
  const sdk = inside.then(({ sdk }) => sdk);
  const [live, parts, versions, sizes] = await Promise.all([
    inside,
    reportsOf(known),
    versionsOf(known, sdk),
    sizesOf(known),
  ]);
  return { ...live, parts, versions, sizes };
}

/** What the server and the worker say, for which the stack's keys are needed. */
async function lookInside(known: KnownStack) {
  const stack = new LiveStack(known, await outputsOf(known.pulumi, known.name));
  const comparison = await compareFunctions(stack);
  const compared = comparison instanceof Unreachable ? undefined : comparison;
  const [crons, sdk] = await Promise.all([
    compared ? cronsOf(stack, compared) : [],
    compared && stack.reach(({ api }) => api.sdkOf(compared.appId)),
  ]);
  return { stack, comparison, crons, sdk };
}

/** Columns of the longest label, and one more. */
const labelWidth = 11;

function row(label: string, text: string): void {
  const title = (label.charAt(0).toUpperCase() + label.slice(1)).padEnd(labelWidth);
  const { stdout } = process;
  console.log(styleText("bold", title, { stream: stdout }) + wrapped(text, stdout, "".padEnd(labelWidth), labelWidth));
}

await runCommand(command);
