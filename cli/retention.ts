import { type SweepReport, warningsOf } from "../lib/data/requests.ts";
import { defineCommand, runCommand } from "./lib/command.ts";
import { LiveStack } from "./lib/live-stack.ts";
import { readable } from "./lib/sizes.ts";

interface Flags {
  stack: string;
  now?: true;
  endOrphaned?: true;
  json?: true;
}

const command = defineCommand(
  "retention",
  "Reports the size of a stack's history, and its orphaned runs, which never end.",
)
  .requiredOption("-s, --stack <stack>", "the stack, one of the Pulumi.<stack>.yaml files")
  .option("--now", "remove now what is older than the setting `retention`")
  .option("--end-orphaned", "end orphaned runs as cancelled")
  .option("--json", "print one JSON value")
  .addHelpText("after", "\nExample: npm run retention -- --now --stack persistent")
  .action(retention);

async function retention({ stack, now, endOrphaned, json }: Flags): Promise<void> {
  const { data, outputs, settings } = await LiveStack.find(stack);
  const { retention: days } = settings;
  const request = { queueUrl: outputs.stores.queueUrl, days: now && days, endOrphaned };
  const swept = await data.runNextToData("sweep-now", request);
  if (json) console.log(JSON.stringify(swept));
  else console.log(linesOf(swept, days).join("\n"));
}

/** A report for people. @param days of the setting `retention`, `undefined` for off */
function linesOf(report: SweepReport, days: number | undefined): string[] {
  const { size, room, rows, bytes = 0, inFlight, orphaned, ended } = report;
  const free = room === undefined ? "" : `${readable(room)} are free; `;
  const removed = Object.entries(rows ?? {}).flatMap(([table, count]) => (count > 0 ? [`${count} ${table}`] : []));
  return [
    `History ${readable(size)}; ${free}retention ${days === undefined ? "off" : `${days}d`}`,
    ...(rows ? [`Removed ${removed.join(", ") || "nothing"}; gave back ${readable(bytes)}`] : []),
    `Runs    ${inFlight} in flight, ${orphaned.length} orphaned`,
    ...(ended > 0 ? [`Ended   ${ended} as cancelled`] : orphaned.slice(0, 20).map((run) => `        ${run}`)),
    ...warningsOf(report).map(({ message }) => `Warning ${message}`),
  ];
}

await runCommand(command);
