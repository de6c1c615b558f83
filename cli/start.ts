import { forwardCommand, neededForward } from "../lib/places/forward.ts";
import { Problem } from "../lib/problem.ts";
import { takeOverVariable } from "../lib/stack/home.ts";
import type { Outputs } from "../lib/stack/outputs.ts";
import { checkStack, defineCommand, runCommand } from "./lib/command.ts";
import { checkHome } from "./lib/home.ts";
import { LiveStack } from "./lib/live-stack.ts";
import { firstQueueNotice, missingQueue } from "./lib/missing-queue.ts";
import { Pulumi } from "./lib/pulumi-cli.ts";
import { freeStack } from "./lib/stack-lock.ts";
import { firstFunction, firstRun } from "./start/first-run.ts";
import { takeFreePorts } from "./start/ports.ts";

const command = defineCommand(
  "start",
  "Brings a stack up, runs one function through it, and says where its dashboard is.",
)
  .option("-s, --stack <stack>", "the stack, one of the Pulumi.<stack>.yaml files", "dev")
  .option("--take-over", "go on here with a stack that belongs to another folder, machine, user, engine or backend")
  .addHelpText("after", "\nExample: npm start -- --stack persistent")
  .action(start);

async function start({ stack, takeOver }: { stack: string; takeOver?: true }): Promise<void> {
  checkStack(stack);
  if (takeOver) process.env[takeOverVariable] = "1";
  const pulumi = await Pulumi.find();
  await pulumi.ensureStack(stack);
  if (!(await checkHome(pulumi, stack))) await takeFreePorts(stack);
  const settings = await pulumi.settings(stack);
  const notice = await firstQueueNotice(settings);
  if (notice) console.log(notice);
  await bringUp(pulumi, stack);
  // Plain `pulumi` commands act on the stack that was started last. Selecting it takes no longer than the first run.
  const [outputs] = await Promise.all([runFirstFunction(pulumi, stack), pulumi.select(stack)]);
  console.log(`Durability ${outputs.durability.text}.`);
  const missing = missingQueue(settings);
  if (missing instanceof Problem)
    console.log(`           To keep them: ${missing.remedy}, then npm start -- --stack ${stack}`);
  console.log(`Dashboard  ${outputs.dashboardUrl}`);
  const forward = neededForward(outputs);
  if (forward) console.log(`           while this runs: ${forwardCommand(forward)}`);
}

/** @throws {Problem} when the stack is not up */
async function bringUp(pulumi: Pulumi, stack: string): Promise<void> {
  // A container that was removed by hand shows only in a refresh.
  const up = async () => (await pulumi.change("up", stack, ["--refresh"])) === 0;
  if (await up()) return;
  // Only after a failure, because it takes time to look for what a killed Pulumi has left.
  if ((await freeStack(pulumi, stack)) && (await up())) return;
  throw new Problem(`stack ${stack} is not up; what went wrong is above`);
}

/** @throws {Problem} when the function does not complete */
async function runFirstFunction(pulumi: Pulumi, stack: string): Promise<Outputs> {
  const live = await LiveStack.find(stack, pulumi);
  const { eventKey, workerUrl } = live.outputs;
  const before = performance.now();
  try {
    const { runId } = await live.reach(({ api }) => firstRun(api, eventKey, `${workerUrl}/healthz`));
    const took = Math.round(performance.now() - before);
    console.log(`Function ${firstFunction} completed in ${took} ms (run ${runId}).`);
    return live.outputs;
  } catch (error) {
    throw new Problem(`stack ${stack} is up, but its first function is not done: ${(error as Error).message}`);
  }
}

await runCommand(command);
