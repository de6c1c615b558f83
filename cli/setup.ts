import { approveBackend } from "./lib/approve-backend.ts";
import { defineCommand, runCommand, UsageProblem } from "./lib/command.ts";
import { readyStack } from "./lib/home.ts";
import { Pulumi } from "./lib/pulumi-cli.ts";
import { checkFlags, defaultWorkerDir, type Flags, frameworks, runtimes, stackOf, stacks } from "./setup/answers.ts";
import { collectAnswers } from "./setup/collect.ts";
import { whatNext } from "./setup/next.ts";
import { works } from "./setup/scaffold.ts";
import { survey } from "./setup/situation.ts";
import { planSteps, runSteps } from "./setup/steps.ts";

const command = defineCommand(
  "setup",
  "Asks three questions, creates a worker, brings the stack up and checks it. Run it again at any time: it continues from " +
    "what is there.",
)
  .argument("[tier]", "what you are building: 0 to 4, or the name of its stack")
  .option("--tier <tier>", "the same as a flag")
  .option("--runtime <runtime>", `what runs the worker: ${runtimes.join(", ")} (your own app)`)
  .option("--work <work>", `kind of work: ${works.join(", ")}`)
  .option("--worker-dir <dir>", `folder of the worker, relative to this one or absolute (default: ${defaultWorkerDir})`)
  .option("--app-url <url>", "with --runtime external: the address of your app")
  .option("--framework <name>", `with --runtime external: ${frameworks.join(", ")}`)
  .option("-y, --yes", "do not ask: use the flags, and what is here for everything else")
  .addHelpText(
    "after",
    `\nTiers:\n${stacks.map(({ stack, building }, n) => `  ${n}  ${stack.padEnd(11)} ${building}`).join("\n")}`,
  )
  .addHelpText("after", "\nExample: npm run setup -- 2 --runtime bun --work general --yes")
  .action(setup);

async function setup(positional: string | undefined, given: Flags): Promise<void> {
  if (positional !== undefined && given.tier !== undefined) {
    throw new UsageProblem("the tier must be given once", "leave --tier out");
  }
  const flags = { ...given, ...(positional !== undefined && { tier: positional }) };
  checkFlags(flags);
  const ask = flags.yes ? undefined : await questions();
  const stack = flags.tier ? stackOf(flags.tier) : ((await ask?.askBuilding()) ?? "dev");
  const pulumi = await Pulumi.find();
  const isUp = (await readyStack(pulumi, stack, () => approveBackend(pulumi, stack, given.yes))) !== undefined;
  const answers = await collectAnswers(stack, flags, ask);
  const steps = planSteps(await survey(pulumi, answers, isUp, ask));
  const lines = steps.flatMap((step) => step.lines);
  if (ask) await ask.agree(lines);
  else console.log(lines.join("\n"));
  await runSteps(steps);
  console.log(whatNext(answers));
}

/**
 * The questions, loaded only where they are asked.
 *
 * @throws {UsageProblem} when there is no terminal
 */
async function questions() {
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    throw new UsageProblem("no terminal to ask on", "--yes, with flags for what should differ from what is here");
  }
  const ask = await import("./setup/questions.ts");
  ask.greet();
  return ask;
}

await runCommand(command);
