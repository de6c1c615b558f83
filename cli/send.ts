import { InngestApi, type Run, type Step } from "../lib/inngest/api.ts";
import { throughForward } from "../lib/places/forward.ts";
import { Problem } from "../lib/problem.ts";
import type { Forward } from "../lib/stack/endpoints.ts";
import { checkStack, defineCommand, runCommand } from "./lib/command.ts";
import { Pulumi } from "./lib/pulumi-cli.ts";
import { checkEvent, declaredEvents, parseData } from "./send/events.ts";
import { type FollowedRun, follow } from "./send/follow.ts";

/** Outputs of a stack that this command reads; empty before its first `up`. */
interface Outputs {
  apiUrl?: string;
  workerUrl: string;
  signingKey: string;
  eventKey: string;
  forward?: Forward;
}

const command = defineCommand(
  "send",
  "Sends an event, checked against the worker's events.ts, and follows the runs that it starts, step by step.",
)
  .argument("<event>", "name of the event")
  .argument("[json]", "its data, a JSON object", "{}")
  .option("-s, --stack <stack>", "the stack, one of the Pulumi.<stack>.yaml files", "dev")
  .option("--json", "print { eventId, checked, runs } as JSON and nothing else")
  .addHelpText("after", `\nExample: npm run send -- project/changed '{"project": "garden", "summary": "planted"}'`)
  .action(send);

async function send(name: string, json: string, { stack, json: asJson }: { stack: string; json?: true }) {
  checkStack(stack);
  const data = parseData(json);
  const print = asJson ? () => {} : console.log;
  const pulumi = await Pulumi.find();
  await pulumi.ensureStack(stack);
  const outputs = await pulumi.outputs<Outputs>(stack);
  const { apiUrl, workerUrl, signingKey, eventKey, forward } = outputs;
  if (!apiUrl) throw new Problem(`stack ${stack} is not up`, `npm start -- --stack ${stack}`);
  const { worker } = await pulumi.settings(stack);
  const events = worker.runtime === "external" ? undefined : await declaredEvents(worker.dir);
  if (events) await checkEvent(events, { name, data }, worker.dir);
  else console.error("The data is not checked: this stack's worker has no events.ts here.");

  await throughForward(forward, { apiUrl, workerUrl }, async (reached) => {
    const api = new InngestApi(reached.apiUrl, signingKey);
    const eventId = await api.send(eventKey, { name, data });
    print(`Event ${eventId} was accepted.`);
    const runs = (await startsRuns(api, name))
      ? await follow(api, eventId, (run, step) => print(lineOf(run, step)))
      : [];
    if (runs.length === 0) print(`No function is triggered by ${name}.`);
    for (const run of runs) print(`${run.function.id} ${run.status.toLowerCase()} (run ${run.id})`);
    if (asJson) console.log(JSON.stringify({ eventId, checked: events !== undefined, runs: runs.map(report) }));
    if (runs.some(({ status }) => status !== "COMPLETED")) process.exitCode = 1;
  });
}

function lineOf(run: Run, { name, status, ms, error }: Step): string {
  const line = `${run.function.id.padEnd(18)} ${name.padEnd(18)} ${status.toLowerCase()} in ${ms} ms`;
  return error ? `${line}\n${"".padEnd(19)}${error}` : line;
}

function report({ id, status, function: { id: functionId }, steps }: FollowedRun) {
  return { id, function: functionId, status, steps };
}

/** Whether the event triggers a function of any app. */
async function startsRuns(api: InngestApi, name: string): Promise<boolean> {
  const functions = (await Promise.all((await api.apps()).map((app) => api.functions(app)))).flat();
  return functions.some(({ triggers }) => triggers.some((trigger) => "event" in trigger && trigger.event === name));
}

await runCommand(command);
