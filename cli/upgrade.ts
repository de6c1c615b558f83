import { resolve } from "node:path";
import { fetchEngine } from "../lib/engines/fetch.ts";
import { schema } from "../lib/settings/schema.ts";
import { takeBackup } from "./lib/backup/take.ts";
import { checkStack, confirm, defineCommand, runCommand, UsageProblem } from "./lib/command.ts";
import { readyStack } from "./lib/home.ts";
import { Journal } from "./lib/journal.ts";
import { LiveStack } from "./lib/live-stack.ts";
import { Pulumi } from "./lib/pulumi-cli.ts";
import { bringImage, checkBinary, checkVersion, expectVersion, imageAt, numberOf } from "./upgrade/server-version.ts";
import { type Upgrade, upgradeStack, upgradeTools } from "./upgrade/steps.ts";

interface Flags {
  stack: string;
  to: string;
  binary?: string;
  image?: string;
  yes?: true;
}

const command = defineCommand(
  "upgrade",
  "Upgrades a stack to another version of the server, and goes back when that fails.",
)
  .requiredOption("-s, --stack <stack>", "the stack, one of the Pulumi.<stack>.yaml files")
  .requiredOption("--to <version>", "version of the server, such as 1.44.0")
  .option("--binary <path>", "process tier: the new binary (default: fetched from Inngest)")
  .option("--image <image>", "Docker and Kubernetes tiers: the new image (default: `serverImage` with another tag)")
  .option("-y, --yes", "do not ask where the server loses its runs in flight")
  .addHelpText("after", "\nExample: npm run upgrade -- --to 1.44.0 --stack persistent")
  .action(upgrade);

async function upgrade(flags: Flags): Promise<void> {
  const { stack } = flags;
  checkStack(stack);
  const pulumi = await Pulumi.find();
  await readyStack(pulumi, stack);
  const journal = new Journal<Upgrade>(`upgrade-${stack}`);
  const to = flags.to.replace(/^v/, "");
  const begun = journal.read();
  if (begun && begun.to !== to) {
    throw new UsageProblem(
      `an upgrade of stack ${stack} to ${begun.to} is under way`,
      `--to ${begun.to}, which finishes it`,
    );
  }
  const plan = begun ?? (await prepare(pulumi, { ...flags, to }));
  if (plan === undefined) return;
  await upgradeStack(upgradeTools(pulumi, journal), stack, plan);
  console.log(`Stack ${stack} is at server ${to}; it was ${plan.from}. Backup ${plan.backup}`);
}

/** Checks everything that can be refused, and takes a backup, before anything changes. */
async function prepare(pulumi: Pulumi, flags: Flags): Promise<Upgrade | undefined> {
  const { stack, to, yes } = flags;
  const live = await LiveStack.find(stack, pulumi);
  const from = numberOf(await live.data.serverVersion());
  checkVersion(from, to);
  if (from === to) {
    console.log(`Stack ${stack} is at server ${to} already.`);
    return undefined;
  }
  if (!live.outputs.durability.kept && !yes) {
    await confirm(`upgrade stack ${stack}, although its server restarts and loses its runs in flight`);
  }
  const server = await bringServer(live, flags);
  const { file } = await takeBackup(pulumi, stack, {});
  console.log(`Backup ${file}`);
  return { step: "forward", from, to, ...server, backup: file };
}

/** Brings the new server to where it will run, and checks its version. @returns the setting that names it */
async function bringServer(
  { parts, data, settings: { serverImage, serverBinary, dockerContext } }: LiveStack,
  { to, binary, image }: Flags,
): Promise<Pick<Upgrade, "setting" | "before" | "after">> {
  if (parts.find("server")?.program) {
    const after = binary ? resolve(binary) : await fetchEngine("inngest", to);
    await checkBinary(after, to);
    return { setting: "serverBinary", before: serverBinary, after };
  }
  const after = image ?? imageAt(serverImage, to);
  if (data.versionIn) expectVersion(after, await data.versionIn(after), to);
  else await bringImage(after, to, dockerContext);
  const before = serverImage === schema.serverImage.default ? undefined : serverImage;
  return { setting: "serverImage", before, after };
}

await runCommand(command);
