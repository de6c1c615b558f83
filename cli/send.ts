import type { InngestApi, Run, Step } from "../lib/inngest/api.ts";
import { defineCommand, runCommand } from "./lib/command.ts";
import { LiveStack } from "./lib/live-stack.ts";
import { checkEvent, declaredEvents, parseData } from "./send/events.ts";
import { type FollowedRun, follow } from "./send/follow.ts";

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

async function send(name: string, json: string, { stack: stackName, json: asJson }: { stack: string; json?: true }) {
  const data = parseData(json);
  const print = asJson ? () => {} : console.log;
  const stack = await LiveStack.find(stackName);
  const { worker } = stack.settings;
  const events = stack.isExternal ? undefined : await declaredEvents(worker.dir);
  if (events) await checkEvent(events, { name, data }, worker.dir);
  else console.error("The data is not checked: this stack's worker has no events.ts here.");

  await stack.reach(async ({ api }) => {
    const eventId = await api.send(stack.outputs.eventKey, { name, data });
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
