import { resolve } from "node:path";
import { InvalidArgumentError } from "commander";
import { backupFolder } from "../lib/host/paths.ts";
import { StackParts } from "../lib/places/places.ts";
import { everyRule, secondsOf } from "../lib/settings/backups.ts";
import { type Backup, takeBackup } from "./lib/backup/take.ts";
import { checkStack, defineCommand, parseWholeNumber, runCommand } from "./lib/command.ts";
import { backupsOf } from "./lib/last-backup.ts";
import { LiveStack, outputsOf } from "./lib/live-stack.ts";
import { Pulumi } from "./lib/pulumi-cli.ts";

interface Flags {
  stack: string;
  to?: string;
  keep?: number;
  schedule?: string | true;
  json?: true;
}

const command = defineCommand("backup", "Takes a backup of a running stack: one file, opened and checked.")
  .requiredOption("-s, --stack <stack>", "the stack, one of the Pulumi.<stack>.yaml files")
  .option("--to <folder>", `folder of the backup (default: the setting backupDir, else ${backupFolder("STACK")})`)
  .option("--keep <count>", "remove all but the newest COUNT of this stack's backups there", parseWholeNumber(1))
  .option(
    "--schedule [every]",
    "also take one automatically, every 24h or as often as given; `off` ends that",
    everyText,
  )
  .option("--json", "print one JSON value")
  .addHelpText("after", "\nExample: npm run backup -- --stack persistent --schedule 24h --keep 14")
  .action(backup);

async function backup({ stack, to, keep, schedule, json }: Flags): Promise<void> {
  checkStack(stack);
  const pulumi = await Pulumi.find();
  if (schedule === "off") {
    await endSchedule(pulumi, stack, json);
    return;
  }
  const folder = to && resolve(to);
  // With a schedule too: what does not work now would not work at night either.
  const taken = await takeBackup(pulumi, stack, { folder, keep });
  const every = schedule === true ? "24h" : schedule;
  const scheduled = every && (await putOnSchedule(pulumi, stack, { every, keep, folder }));
  if (json) {
    console.log(JSON.stringify({ ...taken, ...(scheduled && { schedule: scheduled }) }));
    return;
  }
  report(taken);
  if (!scheduled) return;
  console.log(`       another one every ${scheduled.every}; the newest ${scheduled.keep} are kept`);
  console.log(`       ${scheduled.supervision?.survives}`);
}

function report(taken: Backup): void {
  const { function_runs: runs = 0, events = 0 } = taken.counts;
  const inFlight = taken.queue
    ? `${taken.unfinished} of them in flight, which continue after a restore`
    : `${taken.unfinished} of them in flight, which are in the server's memory and NOT in the backup`;
  console.log(`Backup ${taken.file}`);
  console.log(
    `       ${runs} runs, ${inFlight}; ${events} events; server ${taken.serverVersion}; taken ${taken.takenAt}`,
  );
  if (taken.queue) console.log(`       checked; writes to the queue were paused for ${taken.held} ms`);
}

/** Writes the settings that make backups automatic, and brings the stack up with them. */
async function putOnSchedule(
  pulumi: Pulumi,
  stack: string,
  { every, keep, folder }: { every: string; keep?: number | undefined; folder?: string | undefined },
) {
  await pulumi.configure(stack, {
    backupEvery: every,
    ...(keep && { backupKeep: String(keep) }),
    ...(folder && { backupDir: folder }),
  });
  const settings = await pulumi.settings(stack);
  // So that it starts with this shell's credentials for the backend, even where nothing else has changed.
  await new StackParts(settings).stop("backup");
  await pulumi.quietUp(stack);
  const { supervision } = await outputsOf(pulumi, stack);
  return { every, keep: settings.backups?.keep, supervision: supervision.backup };
}

async function endSchedule(pulumi: Pulumi, stack: string, json?: true): Promise<void> {
  const backups = backupsOf((await LiveStack.find(stack, pulumi)).settings);
  await pulumi.configure(stack, { backupEvery: undefined, backupKeep: undefined });
  await pulumi.quietUp(stack);
  if (json) console.log(JSON.stringify({ schedule: "off", folder: backups }));
  else console.log(`Stack ${stack} is no longer backed up automatically. Its backups stay in ${backups}`);
}

function everyText(text: string): string {
  if (text === "off" || secondsOf(text) !== undefined) return text;
  throw new InvalidArgumentError(`It must be ${everyRule}.`);
}

await runCommand(command);
