import { checkStack, defineCommand, runCommand } from "./lib/command.ts";
import { drawStacks } from "./lib/graph/stacks.ts";

const command = defineCommand(
  "graph",
  "Draws each stack as a Mermaid flowchart of its planned resources: what runs, what keeps data, and what calls what.",
)
  .option("--stack <stack>", "draw this one only")
  .option("--json", "print the pictures as one JSON value, by stack")
  .addHelpText("after", "\nExample: npm run graph -- --stack persistent")
  .action(async ({ stack, json }: { stack?: string; json?: boolean }) => {
    if (stack) checkStack(stack);
    const pictures = await drawStacks(stack ? [stack] : undefined);
    if (json) console.log(JSON.stringify(pictures, null, 2));
    else if (stack) process.stdout.write(pictures[stack] as string);
    else for (const [name, picture] of Object.entries(pictures)) console.log(`%% stack ${name}\n${picture}`);
  });

await runCommand(command);
