import type { Forward } from "../components/endpoints.ts";
import { forwardCommand, throughForward } from "../components/host/forward.ts";
import { Problem } from "../components/host/problem.ts";
import { InngestApi } from "../components/inngest-api.ts";
import { checkStack, defineCommand, runCommand } from "./command.ts";
import { firstFunction, firstRun } from "./first-run.ts";
import { withOutputs } from "./handed-over.ts";
import { Pulumi } from "./pulumi-cli.ts";
import { freeStack } from "./setup/stale-lock.ts";

/** Outputs of a stack that this command reads. */
interface Outputs {
  dashboardUrl: string;
  apiUrl: string;
  workerUrl: string;
  durability: string;
  signingKey: string;
  eventKey: string;
  forward?: Forward;
}

const command = defineCommand(
  "start",
  "Brings a stack up, runs one function through it, and says where its dashboard is.",
)
  .option("-s, --stack <stack>", "the stack, one of the Pulumi.<stack>.yaml files", "dev")
  .addHelpText("after", "\nExample: npm start -- --stack persistent")
  .action(start);

async function start({ stack }: { stack: string }): Promise<void> {
  checkStack(stack);
  const pulumi = await Pulumi.find();
  await pulumi.selectOrCreate(stack);
  // A container that somebody removed shows only in a refresh.
  const up = async () =>
    await withOutputs<Outputs, number>((variables) => pulumi.change("up", stack, ["--refresh"], variables));
  let { result, outputs } = await up();
  // To look for what a killed Pulumi has left takes time that a stack without such things need not wait.
  if (result !== 0 && (await freeStack(pulumi, stack))) ({ result, outputs } = await up());
  if (result !== 0 || !outputs) throw new Problem(`stack ${stack} is not up; what went wrong is above`);
  const { forward, apiUrl, workerUrl, signingKey, eventKey, durability, dashboardUrl } = outputs;
  console.log("Sending a first event ...");
  const before = performance.now();
  const { runId } = await throughForward(forward, outputs, (reached) =>
    firstRun(new InngestApi(reached.apiUrl, signingKey), eventKey, `${workerUrl}/healthz`),
  ).catch((error: Error) => {
    throw new Problem(`stack ${stack} is up, but its first function is not done: ${error.message}`);
  });
  console.log(`Function ${firstFunction} completed in ${Math.round(performance.now() - before)} ms (run ${runId}).`);
  console.log(`Durability ${durability}.`);
  console.log(`Dashboard  ${dashboardUrl}`);
  if (forward && apiUrl === `http://127.0.0.1:${forward.server.local}`) {
    console.log(`           while this runs: ${forwardCommand(forward)}`);
  }
}

await runCommand(command);
