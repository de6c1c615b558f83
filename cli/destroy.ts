import { rmSync } from "node:fs";
import { dataFolder } from "../lib/host/paths.ts";
import { removeImages, removeVolumes } from "../lib/places/docker-engine.ts";
import { removeNamespace } from "../lib/places/kubernetes-cluster.ts";
import { Problem } from "../lib/problem.ts";
import { namespaceOf } from "../lib/stack/kubernetes-names.ts";
import { partsOf } from "../lib/stack/parts.ts";
import { checkStack, confirm, defineCommand, runCommand } from "./lib/command.ts";
import { readyStack } from "./lib/home.ts";
import { Pulumi } from "./lib/pulumi-cli.ts";

interface Flags {
  stack: string;
  deleteData?: true;
  yes?: true;
}

const command = defineCommand("destroy", "Takes a stack down. Its data stays, except with --delete-data.")
  .requiredOption("-s, --stack <stack>", "the stack, one of the Pulumi.<stack>.yaml files")
  .option("--delete-data", "also delete history, queue, downloads and logs, for good")
  .option("-y, --yes", "do not ask")
  .addHelpText("after", "\nExample: npm run destroy -- --stack experiment --yes")
  .action(destroy);

async function destroy({ stack, deleteData, yes }: Flags): Promise<void> {
  checkStack(stack);
  const what = deleteData ? `stack ${stack} AND ALL ITS DATA` : `stack ${stack} (its data stays)`;
  if (!yes) await confirm(`destroy ${what}`);
  const pulumi = await Pulumi.find();
  await readyStack(pulumi, stack);
  if ((await pulumi.change("destroy", stack, [])) === "failed") {
    throw new Problem(`stack ${stack} is not down; what went wrong is above`);
  }
  const settings = await pulumi.settings(stack);
  const { dataDir, dockerContext, kubernetes } = settings;
  const isOnDocker = partsOf(settings).some(({ place }) => place === "docker");
  if (isOnDocker) await removeImages(stack, dockerContext);
  if (!deleteData) return;
  if (isOnDocker) await removeVolumes(stack, dockerContext);
  if (kubernetes?.context) await removeNamespace(kubernetes, namespaceOf(stack));
  rmSync(dataFolder(stack, dataDir), { recursive: true, force: true });
  console.log(`The data of stack ${stack} is deleted.`);
}

await runCommand(command);
