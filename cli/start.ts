import type { Forward } from "../components/endpoints.ts";
import { InngestApi } from "../lib/inngest/api.ts";
import { forwardCommand, throughForward } from "../lib/places/forward.ts";
import { Problem } from "../lib/problem.ts";
import type { Durability } from "../lib/stack/durability.ts";
import { checkStack, defineCommand, runCommand } from "./lib/command.ts";
import { Pulumi } from "./lib/pulumi-cli.ts";
import { freeStack } from "./lib/stack-lock.ts";
import { firstFunction, firstRun } from "./start/first-run.ts";
import { withOutputs } from "./start/handed-over.ts";

/** What a stack's program hands over. */
interface Outputs {
  dashboardUrl: string;
  apiUrl: string;
  workerUrl: string;
  durability: Durability;
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
    await withOutputs((variables) => pulumi.change("up", stack, ["--refresh"], variables), firstRunThrough);
  let { result, used } = await up();
  // To look for what a killed Pulumi has left takes time that a stack without such things need not wait.
  if (result !== 0 && (await freeStack(pulumi, stack))) ({ result, used } = await up());
  if (result !== 0 || !used) throw new Problem(`stack ${stack} is not up; what went wrong is above`);
  if (used.status === "rejected") {
    const { message } = used.reason as Error;
    throw new Problem(`stack ${stack} is up, but its first function is not done: ${message}`);
  }
  const { runId, took, outputs } = used.value;
  const { forward, apiUrl, durability, dashboardUrl } = outputs;
  console.log(`Function ${firstFunction} completed in ${took} ms (run ${runId}).`);
  console.log(`Durability ${durability.text}.`);
  console.log(`Dashboard  ${dashboardUrl}`);
  if (forward && apiUrl === `http://127.0.0.1:${forward.server.local}`) {
    console.log(`           while this runs: ${forwardCommand(forward)}`);
  }
}

/** Sends a first event when the server knows the functions; janitor and backups may still be made then. */
async function firstRunThrough(outputs: Outputs) {
  const { forward, signingKey, eventKey, workerUrl } = outputs;
  const before = performance.now();
  const { runId } = await throughForward(forward, outputs, ({ apiUrl }) =>
    firstRun(new InngestApi(apiUrl, signingKey), eventKey, `${workerUrl}/healthz`),
  );
  return { runId, took: Math.round(performance.now() - before), outputs };
}

await runCommand(command);
