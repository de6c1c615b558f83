import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { writePrivateFile } from "../lib/data/private-file.ts";
import { Problem } from "../lib/problem.ts";
import { isOfPostgres, type Manifest, unpack } from "./lib/backup/archive.ts";
import { checkFit, restoreData } from "./lib/backup/restore.ts";
import { checkStack, defineCommand, runCommand } from "./lib/command.ts";
import { readyStack } from "./lib/home.ts";
import { LiveStack } from "./lib/live-stack.ts";
import { Pulumi } from "./lib/pulumi-cli.ts";
import { verifyStack } from "./lib/verified.ts";
import { keysOfState } from "./restore/keys-of-state.ts";

interface Flags {
  stack: string;
  force?: true;
}

const command = defineCommand("restore", "Replaces a stack's data by a backup, and keeps what it replaces.")
  .argument("<file>", "the backup")
  .requiredOption("-s, --stack <stack>", "the stack; its settings come from the backup where it has none")
  .option("--force", "also where the stack has newer data, or cannot take in the runs in flight")
  .addHelpText("after", "\nExample: npm run restore -- persistent-20260101T120000Z.tar.gz --stack persistent")
  .action(restore);

async function restore(file: string, { stack, force }: Flags): Promise<void> {
  const since = Date.now();
  // As large as the data: next to the backup there may be no room, or no right to write.
  const folder = mkdtempSync(join(tmpdir(), "restore-"));
  try {
    const manifest = await unpack(resolve(file), folder);
    const settings = join(folder, "settings.yaml");
    if (!existsSync(`Pulumi.${stack}.yaml`) && manifest.stack === stack && existsSync(settings)) {
      copyFileSync(settings, `Pulumi.${stack}.yaml`);
    }
    checkStack(stack);
    const pulumi = await Pulumi.find();
    await checkEngine(pulumi, stack, manifest);
    if (!(await readyStack(pulumi, stack))) await bringUp(pulumi, stack, manifest, folder);
    const live = await LiveStack.find(stack, pulumi);
    if (!force) await checkFit({ manifest, since }, live);
    const previous = await restoreData(pulumi, live, folder);
    console.log(
      `Restored stack ${stack} to ${manifest.takenAt}: ${manifest.counts.function_runs ?? 0} runs, ` +
        `${manifest.unfinished} of them in flight.\n` +
        `         What it had before is in ${previous}.`,
    );
    await verifyStack(stack);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @throws {Problem} when the backup has a history of Postgres and the stack keeps its own in SQLite */
async function checkEngine(pulumi: Pulumi, stack: string, manifest: Manifest): Promise<void> {
  const { tier } = await pulumi.settings(stack);
  if (!isOfPostgres(manifest) || tier === "cluster") return;
  throw new Problem(
    `the backup's history is of Postgres, and stack ${stack} keeps its own in SQLite (tier ${tier}), which does not take ` +
      "it in",
    "a stack of tier cluster",
  );
}

/** Brings up a stack that is not, with the keys of the backup where they can be read. */
async function bringUp(pulumi: Pulumi, stack: string, manifest: Manifest, folder: string): Promise<void> {
  const why = await importKeys(pulumi, stack, manifest, folder);
  if (why) console.log(`The stack gets new keys (${why}). All senders of events need the new event key.`);
  if ((await pulumi.change("up", stack, [])) === "failed") {
    throw new Problem(`stack ${stack} is not up, and nothing is restored; what went wrong is above`);
  }
}

/** Puts the keys of the backup into the stack's state. @returns why that is not possible */
async function importKeys(
  pulumi: Pulumi,
  stack: string,
  manifest: Manifest,
  folder: string,
): Promise<string | undefined> {
  if (manifest.stack !== stack) return `it is a backup of stack ${manifest.stack}`;
  const keys = join(folder, "keys.json");
  writePrivateFile(keys, keysOfState(readFileSync(join(folder, "state.json"), "utf8")));
  const { exitCode, output } = await pulumi.capture(["stack", "import", "--stack", stack, "--file", keys]);
  return exitCode === 0 ? undefined : output.trim().split("\n").at(-1);
}

await runCommand(command);
