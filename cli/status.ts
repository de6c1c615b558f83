import { styleText } from "node:util";
import { forwardCommand } from "../lib/places/forward.ts";
import { whileTelling, wrapped } from "./lib/checks/terminal.ts";
import { defineCommand, runCommand } from "./lib/command.ts";
import { NoView, viewOf } from "./lib/comparison.ts";
import type { Round } from "./lib/last-sweep.ts";
import { LiveStack } from "./lib/live-stack.ts";
import { type PartState, stateOfParts } from "./lib/part-states.ts";
import { readable, sizeAlarm, sizesOf } from "./lib/sizes.ts";
import { versionsOf } from "./lib/versions.ts";
import { cronsOf, type LastCron } from "./status/crons.ts";

const command = defineCommand(
  "status",
  "Says on one screen what of a stack runs where, its versions and sizes, and when its crons have run last.",
)
  .option("-s, --stack <stack>", "the stack, one of the Pulumi.<stack>.yaml files", "dev")
  .option("--json", "print { stack, tier, durability, parts, versions, sizes, alarms, crons } and nothing else")
  .addHelpText("after", "\nExample: npm run status -- --stack persistent")
  .action(status);

async function status({ stack: name, json }: { stack: string; json?: true }): Promise<void> {
  const { stack, view, parts, versions, sizes, crons } = await whileTelling(`looking at stack ${name}`, lookAt(name));
  const grown = sizeAlarm(name, sizes);
  const alarms = [
    ...(grown ? [`${grown.seen}. Remedy: ${grown.remedy}`] : []),
    ...parts.flatMap(({ round }) => round?.alarms ?? []),
  ];
  const { tier, outputs } = stack;
  const { durability, dashboardUrl, forward, apiUrl } = outputs;
  const down = parts.some(({ isRunning }) => !isRunning) || view instanceof NoView;
  if (down) process.exitCode = 1;
  if (json) {
    console.log(JSON.stringify({ stack: name, tier, durability, parts, versions, sizes, alarms, crons }));
    return;
  }
  row("Stack", `${name}, tier ${tier}`);
  row("Dashboard", dashboardUrl);
  if (forward && apiUrl === `http://127.0.0.1:${forward.server.local}`)
    row("", `while this runs: ${forwardCommand(forward)}`);
  row("Durability", durability);
  for (const part of parts) row(part.name, partLine(part));
  if (view instanceof NoView) row("", `the ${view.of} does not answer as it should: ${view.message}`);
  row(
    "Versions",
    Object.entries(versions)
      .map(([what, version]) => `${what} ${version}`)
      .join(", "),
  );
  row("Sizes", sizes.map(({ what, bytes }) => `${what} ${readable(bytes)}`).join(", ") || "nothing yet");
  for (const alarm of alarms) row("Alarm", styleText("yellow", alarm, { stream: process.stdout }));
  for (const cron of crons) row(cron === crons[0] ? "Crons" : "", cronLine(cron));
  if (down) console.log(`\nnpm run doctor -- --stack ${name} says what is wrong.`);
}

async function lookAt(name: string) {
  const stack = await LiveStack.find(name);
  const view = await viewOf(stack).catch((error: unknown) => {
    if (error instanceof NoView) return error;
    throw error;
  });
  const known = view instanceof NoView ? undefined : view;
  const sdk = known && (await stack.reach(({ api }) => api.sdkOf(known.appId)));
  const [parts, versions, sizes, crons] = await Promise.all([
    stateOfParts(stack),
    versionsOf(stack.pulumi, stack.settings, sdk),
    sizesOf(name, stack.settings),
    known ? cronsOf(stack, known) : [],
  ]);
  return { stack, view, parts, versions, sizes, crons };
}

/** Columns of the longest label, and one more. */
const labelWidth = 11;

function row(label: string, text: string): void {
  const title = (label.charAt(0).toUpperCase() + label.slice(1)).padEnd(labelWidth);
  const { stdout } = process;
  console.log(styleText("bold", title, { stream: stdout }) + wrapped(text, stdout, "".padEnd(labelWidth), labelWidth));
}

function partLine({ name, isRunning, what, since, detail, round, newest }: PartState): string {
  const format = isRunning ? "green" : "red";
  const state = styleText(format, isRunning ? "runs" : "does not run", { stream: process.stdout });
  const last =
    (name === "janitor" && roundLine(round)) ||
    (name === "backup" && (newest ? `newest backup ${ago(newest)} ago` : "no backup yet"));
  return [`${state}: ${what}`, since && `for ${ago(since)}`, detail, last].filter(Boolean).join(", ");
}

function roundLine(round: Round | undefined): string {
  if (!round) return "no round yet";
  const { at, removed, failed } = round;
  if (failed) return `its last round failed: ${failed}`;
  return [`last round ${ago(at as string)} ago`, removed !== undefined && `removed ${removed} rows`]
    .filter(Boolean)
    .join(", ");
}

function cronLine({ function: id, schedule, last, status }: LastCron): string {
  const when = last ? `${status?.toLowerCase()} ${ago(last)} ago` : "has not run yet";
  return `${id} (${schedule}): ${when}`;
}

/** How long ago a time is, in its largest unit. */
function ago(time: string): string {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(time)) / 1000));
  const units = [
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
  ] as const;
  const [unit, length] = units.find(([, each]) => seconds >= each) ?? (["second", 1] as const);
  const count = Math.floor(seconds / length);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

await runCommand(command);
