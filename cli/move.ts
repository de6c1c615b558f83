import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "../lib/problem.ts";
import type { Settings } from "../lib/settings/settings.ts";
import { partsOf } from "../lib/stack/parts.ts";
import { checkStack, confirm, defineCommand, runCommand, UsageProblem } from "./lib/command.ts";
import { readyStack } from "./lib/home.ts";
import { Journal } from "./lib/journal.ts";
import { LiveStack, outputsIfUp } from "./lib/live-stack.ts";
import { Pulumi } from "./lib/pulumi-cli.ts";
import { type Move, moveStack, moveTools } from "./move/steps.ts";

interface Flags {
  from: string;
  to: string;
  yes?: true;
}

const command = defineCommand("move", "Moves the data and the keys of a stack to a stack of another kind.")
  .requiredOption("--from <stack>", "the stack that has them; it is stopped, and its data stays")
  .requiredOption("--to <stack>", "the stack that gets them, one of the Pulumi.<stack>.yaml files")
  .option("-y, --yes", "do not ask where runs in flight, or the claims that they need, are left behind")
  .addHelpText("after", "\nExample: npm run move -- --from experiment --to persistent")
  .action(move);

async function move({ from, to, yes }: Flags): Promise<void> {
  for (const stack of [from, to]) checkStack(stack);
  if (from === to) throw new UsageProblem(`--to must be another stack than --from, got ${to} for both`);
  const pulumi = await Pulumi.find();
  for (const stack of [from, to]) await readyStack(pulumi, stack);
  const journal = new Journal<Move>(`move-${from}-${to}`);
  const begun = journal.read();
  if (begun?.step !== "live") await checkTarget(pulumi, from, to);
  if (!begun) {
    const source = await LiveStack.find(from, pulumi);
    await askAboutRuns(source, yes);
    await askAboutClaims(source, await pulumi.settings(to), yes);
    await refuseUsed(pulumi, to);
  }
  await moveStack(moveTools(pulumi, journal), from, to);
  console.log(`Stack ${to} runs with the keys and the history of ${from}, which is stopped and still has its data.`);
  console.log(`When all is well, remove it with npm run destroy -- --stack ${from}`);
}

/** @throws {Problem} when the target cannot take in the data */
async function checkTarget(pulumi: Pulumi, from: string, to: string): Promise<void> {
  const settings = await pulumi.settings(to);
  const { tier, keysFrom } = settings;
  const { tier: source } = await pulumi.settings(from);
  if (source === "cluster" && tier !== "cluster") {
    throw new Problem(
      `stack ${from} is of tier cluster, whose history is in Postgres, and that of ${to} is a SQLite file, which does not ` +
        "take it in",
      "--to a stack of tier cluster",
    );
  }
  const server = partsOf(settings).find(({ name }) => name === "server");
  if (server?.place === "docker" && !server.keeps) {
    throw new Problem(`stack ${to} keeps nothing`, `npm run pulumi -- config set durable true --stack ${to}`);
  }
  if (keysFrom) {
    throw new Problem(`stack ${to} uses the keys of ${keysFrom}`, `npm run pulumi -- config rm keysFrom --stack ${to}`);
  }
}

/** @throws {Problem} when the target has runs or events */
async function refuseUsed(pulumi: Pulumi, to: string): Promise<void> {
  if (!(await outputsIfUp(pulumi, to))) return;
  const { data } = await LiveStack.find(to, pulumi);
  const { newest } = await data.runNextToData("inspect", {});
  if (newest === 0) return;
  throw new Problem(
    `stack ${to} has runs or events of its own, which a move would replace`,
    `npm run destroy -- --delete-data --stack ${to}, or move into another stack`,
  );
}

/** Runs in flight move with Redis; those in a server's memory are lost. */
async function askAboutRuns({ name, outputs, data }: LiveStack, yes?: true): Promise<void> {
  if (outputs.stores.queueUrl || yes) return;
  const seen = data.copyEphemeralHistory ? undefined : await data.runNextToData("inspect", {});
  if (seen?.unfinished === 0) return;
  const how = seen ? `${seen.unfinished} runs` : "any runs";
  const what = `move stack ${name}, although ${how} in flight are in its server's memory and will be lost`;
  await confirm(what);
}

/** A worker in a container or a pod cannot read the claims of one on this machine. */
async function askAboutClaims({ name, dataFolder }: LiveStack, target: Settings, yes?: true): Promise<void> {
  const claims = join(dataFolder, "worker", "claims");
  if (yes || !existsSync(claims) || readdirSync(claims).length === 0) return;
  if (target.worker.placement !== "container") return;
  const what = `move stack ${name}, although claims in ${claims} are left behind, and runs in flight that need them will fail`;
  await confirm(what);
}

await runCommand(command);
