import { warningsOf } from "../lib/data/requests.ts";
import { stateOf } from "./lib/backup/take.ts";
import { checkStack, defineCommand, runCommand } from "./lib/command.ts";
import { Pulumi } from "./lib/pulumi-cli.ts";

interface Flags {
  stack: string;
  now?: true;
  endOrphaned?: true;
  json?: true;
}

const command = defineCommand("retention", "Says how large a stack's history is, and which of its runs never end.")
  .requiredOption("-s, --stack <stack>", "the stack, one of the Pulumi.<stack>.yaml files")
  .option("--now", "remove at once what is older than the setting `retention`")
  .option("--end-orphaned", "write the end of runs that never end: cancelled")
  .option("--json", "print one JSON value")
  .addHelpText("after", "\nExample: npm run retention -- --now --stack persistent")
  .action(retention);

async function retention({ stack, now, endOrphaned, json }: Flags): Promise<void> {
  checkStack(stack);
  const pulumi = await Pulumi.find();
  const { data, stores } = await stateOf(pulumi, stack);
  const { retention: days } = await pulumi.settings(stack);
  const request = { queueUrl: stores.queueUrl, days: now && days, endOrphaned };
  const swept = await data.runNextToData("sweep-now", request);
  if (json) {
    console.log(JSON.stringify(swept));
    return;
  }
  const megabytes = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(1)} MB`;
  const room = swept.room === undefined ? "" : `${megabytes(swept.room)} are free; `;
  console.log(`History ${megabytes(swept.size)}; ${room}retention ${days ? `${days}d` : "off"}`);
  if (swept.rows) {
    const rows = Object.entries(swept.rows).filter(([, count]) => count > 0);
    const what = rows.map(([table, count]) => `${count} ${table}`).join(", ") || "nothing";
    console.log(`Removed ${what}; gave back ${megabytes(swept.bytes ?? 0)}`);
  }
  console.log(`Runs    ${swept.inFlight} in flight, ${swept.orphaned.length} that never end`);
  if (swept.ended > 0) console.log(`Ended   ${swept.ended} as cancelled`);
  else for (const run of swept.orphaned.slice(0, 20)) console.log(`        ${run}`);
  for (const { message } of warningsOf(swept)) console.log(`Warning ${message}`);
}

await runCommand(command);
