import { InngestApi } from "../lib/inngest/api.ts";
import { throughForward } from "../lib/places/forward.ts";
import { Problem } from "../lib/problem.ts";
import { takeOverVariable } from "../lib/stack/home.ts";
import type { Outputs } from "../lib/stack/outputs.ts";
import { checkStack, defineCommand, runCommand } from "./lib/command.ts";
import { checkHome, checkNewHome } from "./lib/home.ts";
import { firstQueueNotice } from "./lib/missing-queue.ts";
import type { Change } from "./lib/progress/show-steps.ts";
import { Pulumi } from "./lib/pulumi-cli.ts";
import { freeStack } from "./lib/stack-lock.ts";
import { approveBackend } from "./start/approve-backend.ts";
import { firstFunction, firstRun } from "./start/first-run.ts";
import { lastLines } from "./start/last-lines.ts";
import { takeFreePorts } from "./start/ports.ts";

const command = defineCommand(
  "start",
  "Brings a stack up, runs one function through it, and says where its dashboard is.",
)
  .option("-s, --stack <stack>", "the stack, one of the Pulumi.<stack>.yaml files", "dev")
  .option("-y, --yes", "do not ask before the stack is created on a Pulumi backend of yours")
  .option("-v, --verbose", "show Pulumi's own output in place of the steps")
  .option("--take-over", "go on here with a stack that belongs to another folder, machine, user, engine or backend")
  .addHelpText("after", "\nExample: npm start -- --stack persistent")
  .action(start);

interface Flags {
  stack: string;
  yes?: true;
  verbose?: true;
  takeOver?: true;
}

async function start({ stack, yes, verbose, takeOver }: Flags): Promise<void> {
  checkStack(stack);
  if (takeOver) process.env[takeOverVariable] = "1";
  const pulumi = await Pulumi.find();
  await pulumi.ensureStack(stack, async () => {
    await checkNewHome(pulumi, stack);
    await approveBackend(pulumi, stack, yes);
  });
  const before = await checkHome(pulumi, stack);
  if (!before) await takeFreePorts(stack);
  const settings = await pulumi.settings(stack);
  const notice = await firstQueueNotice(settings);
  if (notice) console.log(notice);
  // Plain `pulumi` commands act on the stack that was started last.
  const [change] = await Promise.all([bringUp(pulumi, stack, verbose), pulumi.select(stack)]);
  // A stack that does not change has the outputs that it had; to read them takes half a second.
  const outputs = (change === "done" ? undefined : before) ?? (await pulumi.outputs<Outputs>(stack));
  await runFirstFunction(stack, outputs);
  console.log(`\n${lastLines(settings, outputs)}`);
}

/** @throws {Problem} when the stack is not up */
async function bringUp(pulumi: Pulumi, stack: string, isVerbose?: boolean): Promise<Change> {
  // A container that was removed by hand shows only in a refresh.
  const up = () => pulumi.change("up", stack, ["--refresh"], isVerbose);
  let change = await up();
  // Only after a failure, because it takes time to look for what a killed Pulumi has left.
  if (change === "failed" && (await freeStack(pulumi, stack))) change = await up();
  if (change !== "failed") return change;
  throw new Problem(
    `stack ${stack} is not up; what went wrong is above`,
    "mend that and start again; with --verbose it prints all that Pulumi says",
  );
}

/** @throws {Problem} when the function does not complete */
async function runFirstFunction(stack: string, outputs: Outputs): Promise<void> {
  const { forward, signingKey, eventKey, workerUrl } = outputs;
  const before = performance.now();
  try {
    const { runId } = await throughForward(forward, outputs, ({ apiUrl }) =>
      firstRun(new InngestApi(apiUrl, signingKey), eventKey, `${workerUrl}/healthz`),
    );
    const took = Math.round(performance.now() - before);
    console.log(`Function ${firstFunction} completed in ${took} ms (run ${runId}).`);
  } catch (error) {
    throw new Problem(`stack ${stack} is up, but its first function is not done: ${(error as Error).message}`);
  }
}

await runCommand(command);
