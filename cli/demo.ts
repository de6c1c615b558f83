import { demoApp } from "./demo/app.ts";
import { announcement, moral, type Pace, scenes } from "./demo/scenes.ts";
import { runChecks } from "./lib/checks/check.ts";
import { terminalReport, wrapped } from "./lib/checks/terminal.ts";
import { defineCommand, runCommand } from "./lib/command.ts";
import { refuseForeign } from "./lib/home.ts";
import { LiveStack } from "./lib/live-stack.ts";
import { type Mark, marks } from "./lib/progress/steps.ts";

const command = defineCommand(
  "demo",
  "Kills a stack's processes under a test run, brings them back, and shows the run finish. None of your functions is started.",
)
  .option("-s, --stack <stack>", "the stack, one of the Pulumi.<stack>.yaml files", "dev")
  .addHelpText("after", "\nExample: npm run demo -- --stack persistent")
  .action(demo);

async function demo({ stack: name }: { stack: string }): Promise<void> {
  const stack = await LiveStack.find(name);
  await refuseForeign(stack);
  const app = await demoApp(stack);
  // A forward to a cluster takes seconds to open, and the kill has to come while the step works.
  const pace: Pace = { holdSeconds: stack.outputs.forward ? 15 : 5, nextStepMs: 1000, runSeconds: 300 };
  say(announcement(stack, pace));
  const report = terminalReport<Mark>(marks);
  for (const scene of scenes(stack, app, pace)) {
    const [result] = await runChecks([scene], "✗", report);
    if (result?.status === "✓") continue;
    process.exitCode = 1;
    return;
  }
  say(moral(stack));
}

function say(text: string): void {
  console.log(wrapped(text, process.stdout, "", 0));
}

await runCommand(command);
