import { Option } from "commander";
import { Problem } from "../lib/problem.ts";
import type { Settings } from "../lib/settings/settings.ts";
import { type RotationStep, rotationSteps } from "../lib/stack/key-rotation.ts";
import { rotateKeys } from "./keys/rotation.ts";
import { checkStack, confirm, defineCommand, knownStacks, runCommand } from "./lib/command.ts";
import { readyStack } from "./lib/home.ts";
import { Journal } from "./lib/journal.ts";
import { outputsIfUp, outputsOf } from "./lib/live-stack.ts";
import { Pulumi } from "./lib/pulumi-cli.ts";

interface Flags {
  stack: string;
  until?: RotationStep;
  yes?: true;
}

const announcements: Record<RotationStep, string> = {
  accept: "Step accept: the worker accepts the old and the new signing key.",
  switch: "Step switch: the server signs with the new key, and takes events with the old and the new event key.",
  retire: "Step retire: the worker forgets the old keys.",
  none: "Last step: the server forgets the old keys.",
};

/** After these steps an app that no stack starts needs its new `appEnvironment`. */
const appSteps: RotationStep[] = ["accept", "retire"];

const command = defineCommand("keys", "The signing key and the event key of a stack.")
  .addHelpText("afterAll", "\nExample: npm run keys -- rotate --stack persistent")
  .action(() => command.outputHelp());
command
  .command("rotate")
  .description("Replaces both keys in four steps while work continues. Run it again to continue after an interruption.")
  .requiredOption("-s, --stack <stack>", "the stack, one of the Pulumi.<stack>.yaml files")
  .addOption(
    new Option("--until <step>", "stop after that step, so that other senders can change their keys").choices(
      rotationSteps.slice(1),
    ),
  )
  .option("-y, --yes", "do not ask where the server loses its runs in flight")
  .action(rotate);

async function rotate({ stack, until, yes }: Flags): Promise<void> {
  checkStack(stack);
  const pulumi = await Pulumi.find();
  await pulumi.ensureStack(stack);
  const settings = await pulumi.settings(stack);
  refuseForeignKeys(stack, settings);
  const { durability } = await outputsOf(pulumi, stack);
  if (!durability.kept && !yes) {
    const loss = "although its server restarts twice and loses its runs in flight each time";
    await confirm(`rotate the keys of stack ${stack}, ${loss}`);
  }
  const followers = await followersOf(pulumi, stack);
  const stacks = [stack, ...followers.map((follower) => follower.stack)];
  for (const each of stacks) await readyStack(pulumi, each);
  const isExternal = [settings, ...followers].some(({ worker }) => worker.runtime === "external");

  const reached = await rotateKeys(
    {
      journal: new Journal(`keys-${stack}`),
      configure: ({ generation, step }) =>
        pulumi.configure(stack, { "keys.generation": String(generation), "keys.step": step }),
      apply: (step) => applyTo(pulumi, stacks, step),
    },
    settings.keys,
    (step) => step === until || (isExternal && appSteps.includes(step)),
  );
  if (reached === "none") console.log(`Stack ${stack} has new keys, and refuses the old ones.`);
  else console.log(whatNow(stack, isExternal));
}

/** Brings each stack up, the owner of the keys first. */
async function applyTo(pulumi: Pulumi, stacks: string[], step: RotationStep): Promise<void> {
  console.log(announcements[step]);
  for (const stack of stacks) {
    if ((await pulumi.change("up", stack, [])) !== "failed") continue;
    throw new Problem(
      `this step has not reached stack ${stack}; what went wrong is above, and the keys in use are still good`,
      `fix that, and run npm run keys -- rotate --stack ${stacks[0]} again`,
    );
  }
}

/** @throws {Problem} when the keys are another stack's, or the user's */
function refuseForeignKeys(stack: string, { keysFrom, keys: { signingKey, eventKey } }: Settings): void {
  if (keysFrom) {
    throw new Problem(
      `stack ${stack} uses the keys of stack ${keysFrom}`,
      `npm run keys -- rotate --stack ${keysFrom}, which changes both`,
    );
  }
  if (signingKey && eventKey) {
    throw new Problem(
      `both keys of stack ${stack} are your own (\`signingKey\` and \`eventKey\`), so there is none to generate`,
      `npm run pulumi -- config set --secret signingKey --stack ${stack}, or remove both settings first`,
    );
  }
}

/** Settings of the stacks of this folder that are up with this one's keys. */
async function followersOf(pulumi: Pulumi, stack: string): Promise<Settings[]> {
  const followers: Settings[] = [];
  for (const other of knownStacks().filter((each) => each !== stack)) {
    // A stack that was never created has no outputs to ask for.
    if (!(await outputsIfUp(pulumi, other).catch(() => undefined))) continue;
    const settings = await pulumi.settings(other);
    if (settings.keysFrom === stack) followers.push(settings);
  }
  return followers;
}

function whatNow(stack: string, isExternal: boolean): string {
  const first = isExternal
    ? `Now give your app the output of \`npm run pulumi -- stack output appEnvironment --show-secrets --stack ${stack}\``
    : "Now change the keys of all other senders";
  return `${first}, and then run npm run keys -- rotate --stack ${stack} again to continue.`;
}

await runCommand(command);
