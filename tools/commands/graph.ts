import { checkStack, defineCommand, runCommand } from "../../cli/lib/command.ts";
import { drawStacks } from "../graph/stacks.ts";

const command = defineCommand(
  "graph",
  "Draws each stack's planned resources as a Mermaid flowchart: what runs, what it keeps, what calls what.",
)
  .option("--stack <stack>", "draw only this one")
  .option("--json", "print one JSON value, with each stack's picture")
  .addHelpText("after", "\nExample: npm run graph -- --stack persistent")
  .action(async ({ stack, json }: { stack?: string; json?: boolean }) => {
    if (stack) checkStack(stack);
    const pictures = await drawStacks(stack ? [stack] : undefined);
    if (json) console.log(JSON.stringify(pictures, null, 2));
    else if (stack) process.stdout.write(pictures[stack] as string);
    else for (const [name, picture] of Object.entries(pictures)) console.log(`%% stack ${name}\n${picture}`);
  });

await runCommand(command);
