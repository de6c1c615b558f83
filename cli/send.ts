import { InngestApi } from "../lib/inngest/api.ts";
import { throughForward } from "../lib/places/forward.ts";
import { Problem } from "../lib/problem.ts";
import type { Forward } from "../lib/stack/endpoints.ts";
import { checkStack, defineCommand, runCommand } from "./lib/command.ts";
import { Pulumi } from "./lib/pulumi-cli.ts";
import { checkEvent, declaredEvents, parseData } from "./send/events.ts";
import { type FollowedRun, follow } from "./send/follow.ts";

/** Outputs of a stack that this command reads; none before its first `up`. */
interface Outputs {
  apiUrl?: string;
  workerUrl: string;
  signingKey: string;
  eventKey: string;
  forward?: Forward;
}

const command = defineCommand(
  "send",
  "Sends an event, checked against the worker's events.ts, and follows what it starts to its end, step by step.",
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
  const say = asJson ? () => {} : console.log;
  const pulumi = await Pulumi.find();
  await pulumi.ensureStack(stack);
  const outputs = await pulumi.outputs<Outputs>(stack);
  const { apiUrl, workerUrl, signingKey, eventKey } = outputs;
  if (!apiUrl) throw new Problem(`stack ${stack} is not up`, `npm start -- --stack ${stack}`);
  const { worker } = await pulumi.settings(stack);
  const events = worker.runtime === "external" ? undefined : await declaredEvents(worker.dir);
  if (events) await checkEvent(events, { name, data }, worker.dir);
  else console.error("The data are not checked: this stack's worker has no events.ts here.");

  await throughForward(outputs.forward, { apiUrl, workerUrl }, async (reached) => {
    const api = new InngestApi(reached.apiUrl, signingKey);
    const eventId = await api.send(eventKey, { name, data });
    say(`Event ${eventId} is sent.`);
    const runs = (await starts(api, name))
      ? await follow(api, eventId, (run, step) => {
          say(`${run.function.id.padEnd(18)} ${step.name.padEnd(18)} ${step.status.toLowerCase()} in ${step.ms} ms`);
          if (step.error) say(`${"".padEnd(19)}${step.error}`);
        })
      : [];
    if (runs.length === 0) say(`No function is started by ${name}.`);
    for (const {
      function: { id },
      status,
      id: runId,
    } of runs)
      say(`${id} ${status.toLowerCase()} (run ${runId})`);
    if (asJson) console.log(JSON.stringify({ eventId, checked: events !== undefined, runs: runs.map(report) }));
    if (runs.some(({ status }) => status !== "COMPLETED")) process.exitCode = 1;
  });
}

function report({ id, status, function: { id: functionId }, steps }: FollowedRun) {
  return { id, function: functionId, status, steps };
}

/** Whether a function of any app has the event for a trigger. */
async function starts(api: InngestApi, name: string): Promise<boolean> {
  const functions = (await Promise.all((await api.apps()).map((app) => api.functions(app)))).flat();
  return functions.some(({ triggers }) => triggers.some((trigger) => "event" in trigger && trigger.event === name));
}

await runCommand(command);
