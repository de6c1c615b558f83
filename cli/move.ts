import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dataFolder } from "../components/host/paths.ts";
import { Problem } from "../components/host/problem.ts";
import { readHistory } from "../components/upkeep/history.ts";
import type { Seen } from "../components/upkeep/look.ts";
import type { Taken } from "../components/upkeep/take.ts";
import { checkStack, confirmed, defineCommand, runCommand, UsageProblem } from "./command.ts";
import { Pulumi } from "./pulumi-cli.ts";
import { freeStack } from "./setup/stale-lock.ts";
import { Journal } from "./upkeep/journal.ts";
import { putBack } from "./upkeep/put-back.ts";
import { copyWorkerData, type StackState, stateOf } from "./upkeep/take-backup.ts";
import { verified } from "./upkeep/verified.ts";

interface Flags {
  from: string;
  to: string;
  yes?: true;
}

/** How far a move has come: nothing of the target counts before it is `live`, and nothing of the source after. */
interface Move {
  step: "begun" | "live";
}

const command = defineCommand("move", "Moves what a stack knows, and its keys, to a stack of another kind.")
  .requiredOption("--from <stack>", "the stack that has it; it is stopped, and stays as it is")
  .requiredOption("--to <stack>", "the stack that gets it, one of the Pulumi.<stack>.yaml files")
  .option("-y, --yes", "do not ask where runs in flight, or what they need, do not come along")
  .addHelpText("after", "\nExample: npm run move -- --from experiment --to persistent")
  .action(move);

async function move({ from, to, yes }: Flags): Promise<void> {
  for (const stack of [from, to]) checkStack(stack);
  if (from === to) throw new UsageProblem(`--to must be another stack than --from, got ${to} for both`);
  const pulumi = await Pulumi.find();
  for (const stack of [from, to]) {
    await pulumi.selectOrCreate(stack);
    await freeStack(pulumi, stack);
  }
  const journal = new Journal<Move>(`move-${from}-${to}`);
  const begun = journal.read();
  if (begun?.step !== "live") {
    await checkTarget(pulumi, from, to);
    const source = await stateOf(pulumi, from);
    if (!begun) await askAboutFlight(from, source, yes);
    if (!begun) await askAboutClaims(pulumi, from, source, to, yes);
    if (!begun) await refuseUsed(pulumi, to);
    journal.write({ step: "begun" });
    try {
      await transfer(pulumi, from, source, to);
    } catch (error) {
      console.error(`The move does not work (${(error as Error).message}). Bringing ${from} back ...`);
      await comeBack(pulumi, from, source, to);
      journal.remove();
      throw new Problem(`stack ${from} runs again with all it had, and ${to} does not run`);
    }
    journal.write({ step: "live" });
  }
  await verified(to);
  journal.remove();
  console.log(`Stack ${to} runs with the keys and the history of ${from}, which is stopped and as it was.`);
  console.log(`Remove it by npm run destroy -- --stack ${from} when you are content.`);
}

/** Throws {@link Problem} for a target that cannot take it in. */
async function checkTarget(pulumi: Pulumi, from: string, to: string): Promise<void> {
  const { tier = "process", durable = "true", keysFrom } = await pulumi.settings(to, ["tier", "durable", "keysFrom"]);
  if (tier === "cluster") {
    throw new Problem(
      `stack ${to} is of tier cluster, whose history is in Postgres: runs, events and traces of a SQLite file do not go ` +
        "into it, and runs in flight would have no history. The keys may. Remedy: --to a stack of tier kubernetes; or " +
        `let the runs end, and npm run pulumi -- config set keysFrom ${from} --stack ${to}`,
    );
  }
  if (tier === "docker" && durable === "false") {
    throw new Problem(`stack ${to} keeps nothing. Remedy: npm run pulumi -- config set durable true --stack ${to}`);
  }
  if (keysFrom) {
    throw new Problem(
      `stack ${to} uses the keys of ${keysFrom}. Remedy: npm run pulumi -- config rm keysFrom --stack ${to}`,
    );
  }
}

async function refuseUsed(pulumi: Pulumi, to: string): Promise<void> {
  const { durability } = await pulumi.outputs<{ durability?: string }>(to);
  if (durability === undefined) return;
  const { site } = await stateOf(pulumi, to);
  const { newest } = await site.run<Seen>("look", { database: site.database });
  if (newest === 0) return;
  throw new Problem(
    `stack ${to} has runs or events of its own, which a move would replace. ` +
      `Remedy: npm run destroy -- --delete-data --stack ${to}, or move into another stack`,
  );
}

/** Runs in flight come along in Redis; those in a server's memory do not. */
async function askAboutFlight(from: string, { stores, site }: StackState, yes?: true): Promise<void> {
  if (stores.queueUrl || yes) return;
  const seen = site.copyUnkept ? undefined : await site.run<Seen>("look", { database: site.database });
  if (seen?.unfinished === 0) return;
  const how = seen ? `${seen.unfinished} runs` : "any runs";
  const what = `move stack ${from}, although ${how} in flight are in its server's memory and do not come along`;
  if (!(await confirmed(what))) throw new Problem("nothing was done");
}

/** A worker in a container or a pod does not see the files of one on this machine. */
async function askAboutClaims(pulumi: Pulumi, from: string, { dataDir }: StackState, to: string, yes?: true) {
  const claims = join(dataFolder(from, dataDir), "worker", "claims");
  if (yes || !existsSync(claims) || readdirSync(claims).length === 0) return;
  const { workerPlacement } = await pulumi.settings(to, ["workerPlacement"]);
  if (workerPlacement !== "container") return;
  const what = `move stack ${from}, although claims in ${claims} do not come along, and runs in flight that need them fail`;
  if (!(await confirmed(what))) throw new Problem("nothing was done");
}

/** Every step may be repeated: the source is only read, and the target is overwritten. */
async function transfer(pulumi: Pulumi, from: string, source: StackState, to: string): Promise<void> {
  const keys = await pulumi.outputs<{ signingKey: string; eventKey: string }>(from);
  const folder = mkdtempSync(join(tmpdir(), "move-"));
  try {
    console.log(`Stopping ${from}: events are refused from here on until ${to} takes them.`);
    await source.site.copyUnkept?.(folder);
    await source.site.closeDoor();
    await source.site.stop();
    await source.site.stopWorker();
    const { runs, unfinished } = await takeStopped(source, folder);
    copyWorkerData(dataFolder(from, source.dataDir), folder);
    await source.site.stopQueue();
    await pulumi.configureSecret(to, "signingKey", keys.signingKey);
    await pulumi.configureSecret(to, "eventKey", keys.eventKey);
    if ((await pulumi.change("up", to, [])) !== 0) throw new Problem(`stack ${to} does not come up`);
    const aside = await putBack(pulumi, to, await stateOf(pulumi, to), folder);
    console.log(`Moved ${runs} runs, ${unfinished} of them in flight. What ${to} had before is in ${aside}.`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function takeStopped(
  { stores, site }: StackState,
  folder: string,
): Promise<{ runs: number; unfinished: number }> {
  if (site.copyUnkept) {
    const { counts, unfinished } = readHistory(join(folder, "history.db"));
    return { runs: counts.function_runs ?? 0, unfinished };
  }
  // A move that was killed may have stopped the queue already.
  await site.startQueue();
  const taken = await site.run<Taken>("take", { database: site.database, queueUrl: stores.queueUrl }, folder);
  return { runs: taken.counts.function_runs ?? 0, unfinished: taken.unfinished };
}

async function comeBack(pulumi: Pulumi, from: string, source: StackState, to: string): Promise<void> {
  const target = await stateOf(pulumi, to).catch(() => undefined);
  await target?.site.closeDoor();
  await target?.site.stop();
  await target?.site.stopWorker();
  await target?.site.stopQueue();
  await source.site.start();
  if ((await pulumi.change("up", from, [])) !== 0) {
    throw new Problem(`stack ${from} is not up again; what went wrong is above. Its data are as they were`);
  }
}

await runCommand(command);
