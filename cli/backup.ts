import { InvalidArgumentError } from "commander";
import { backupFolder } from "../components/host/paths.ts";
import { checkStack, defineCommand, runCommand } from "./command.ts";
import { Pulumi } from "./pulumi-cli.ts";
import { takeBackup } from "./upkeep/take-backup.ts";

interface Flags {
  stack: string;
  to?: string;
  keep?: number;
  json?: true;
}

const command = defineCommand("backup", "Takes a backup of a running stack, one file, opened and checked.")
  .requiredOption("-s, --stack <stack>", "the stack, one of the Pulumi.<stack>.yaml files")
  .option("--to <folder>", `where it goes (default: ${backupFolder("STACK")})`)
  .option("--keep <count>", "remove all but the newest COUNT of this stack's backups there", positive)
  .option("--json", "print one JSON value")
  .addHelpText("after", "\nExample: npm run backup -- --stack persistent --keep 14")
  .action(backup);

async function backup({ stack, to, keep, json }: Flags): Promise<void> {
  checkStack(stack);
  const taken = await takeBackup(await Pulumi.find(), stack, { ...(to && { folder: to }), ...(keep && { keep }) });
  if (json) {
    console.log(JSON.stringify(taken));
    return;
  }
  const { function_runs: runs = 0, events = 0 } = taken.counts;
  const flight = taken.queue
    ? `${taken.unfinished} of them in flight, which go on after a restore`
    : `${taken.unfinished} of them in flight, which are in the server's memory and NOT in the backup`;
  console.log(`Backup ${taken.file}`);
  console.log(
    `       ${runs} runs, ${flight}; ${events} events; server ${taken.serverVersion}; taken ${taken.takenAt}`,
  );
  if (taken.queue) console.log(`       checked; the queue was held for ${taken.held} ms`);
}

function positive(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number from 1.");
}

await runCommand(command);
