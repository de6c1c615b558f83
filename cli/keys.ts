import { Option } from "commander";
import { Problem } from "../lib/problem.ts";
import { type RotationStep, rotationSteps } from "../lib/stack/key-rotation.ts";
import { checkStack, confirmed, defineCommand, knownStacks, runCommand } from "./lib/command.ts";
import { Pulumi } from "./lib/pulumi-cli.ts";
import { freeStack } from "./lib/stack-lock.ts";

interface Flags {
  stack: string;
  until?: RotationStep;
  yes?: true;
}

/** What each step does, as it is announced. */
const announcements: Record<RotationStep, string> = {
  none: "",
  accept: "the worker takes the old and the new signing key",
  switch: "the server signs with the new key, and takes events with the old and the new event key",
  retire: "the worker forgets the old keys",
  settle: "the server forgets the old keys",
};

/** Before the step after these, an app that no stack starts has to be told its new `appEnvironment`. */
const appSteps: RotationStep[] = ["accept", "retire"];

const command = defineCommand("keys", "The signing key and the event key of a stack.")
  .addHelpText("afterAll", "\nExample: npm run keys -- rotate --stack persistent")
  .action(() => command.outputHelp());
command
  .command("rotate")
  .description("Changes both keys in four steps while work goes on. After an end in the middle, run it again.")
  .requiredOption("-s, --stack <stack>", "the stack, one of the Pulumi.<stack>.yaml files")
  .addOption(
    new Option("--until <step>", "end after that step, for others who have keys to change theirs").choices(
      rotationSteps.slice(1, -1),
    ),
  )
  .option("-y, --yes", "do not ask where the server loses its runs in flight")
  .action(rotate);

async function rotate({ stack, until, yes }: Flags): Promise<void> {
  checkStack(stack);
  const pulumi = await Pulumi.find();
  await pulumi.ensureStack(stack);
  const settings = await keySettings(pulumi, stack);
  refuseOthersKeys(stack, settings);
  const { durability } = await pulumi.outputs<{ durability?: string }>(stack);
  if (durability === undefined) {
    throw new Problem(`stack ${stack} is not up, so nobody has its keys`, `npm start -- --stack ${stack}`);
  }
  if (!durability.startsWith("kept") && !yes) {
    const loss = "although its server starts again twice and loses its runs in flight each time";
    if (!(await confirmed(`rotate the keys of stack ${stack}, ${loss}`))) throw new Problem("nothing was done");
  }
  const followers = await followersOf(pulumi, stack);
  const external = [settings, ...followers.map(({ settings }) => settings)].some(
    ({ runtime }) => runtime === "external",
  );

  const changing = [stack, ...followers.map(({ stack }) => stack)];
  for (const each of changing) await freeStack(pulumi, each);
  const apply = async (step: RotationStep) => {
    console.log(`Step ${step}: ${announcements[step]}.`);
    for (const each of changing) {
      if ((await pulumi.change("up", each, [])) === 0) continue;
      throw new Problem(
        `step ${step} has not reached stack ${each}; what went wrong is above, and the keys in use still are good`,
        `mend that, and run npm run keys -- rotate --stack ${stack}`,
      );
    }
  };

  const generation = Number(settings.keyGeneration);
  let step = settings.keyRotation as RotationStep;
  if (step !== "none") await apply(step);
  while (step !== "settle") {
    // The file is written before the step is taken, so that whoever comes after a death in between takes it again.
    const begins = step === "none";
    step = rotationSteps[rotationSteps.indexOf(step) + 1] as RotationStep;
    await pulumi.configure(stack, { ...(begins && { keyGeneration: String(generation + 1) }), keyRotation: step });
    await apply(step);
    if (step === until || (external && appSteps.includes(step))) {
      console.log(whatNow(stack, external));
      return;
    }
  }
  await pulumi.configure(stack, { keyRotation: undefined });
  console.log(`Stack ${stack} has new keys, and its old ones are refused.`);
}

type KeySettings = Awaited<ReturnType<typeof keySettings>>;

async function keySettings(pulumi: Pulumi, stack: string) {
  return await pulumi.settings(stack, [
    "keyGeneration",
    "keyRotation",
    "keysFrom",
    "signingKey",
    "eventKey",
    "runtime",
  ]);
}

function refuseOthersKeys(stack: string, { keysFrom, signingKey, eventKey }: KeySettings): void {
  if (keysFrom) {
    throw new Problem(
      `stack ${stack} uses the keys of stack ${keysFrom}`,
      `npm run keys -- rotate --stack ${keysFrom}, which changes both`,
    );
  }
  if (signingKey && eventKey) {
    throw new Problem(
      `both keys of stack ${stack} are your own, in \`signingKey\` and \`eventKey\`, and none is generated`,
      `npm run pulumi -- config set --secret signingKey --stack ${stack}, or take them out first`,
    );
  }
}

/** The stacks of this folder that are up with this one's keys. */
async function followersOf(pulumi: Pulumi, stack: string): Promise<{ stack: string; settings: KeySettings }[]> {
  const followers = [];
  for (const other of knownStacks().filter((each) => each !== stack)) {
    // Of a stack that was never made there is nothing to ask.
    const outputs = await pulumi.outputs<{ keys?: unknown }>(other).catch(() => undefined);
    if (outputs?.keys === undefined) continue;
    const settings = await keySettings(pulumi, other);
    if (settings.keysFrom === stack) followers.push({ stack: other, settings });
  }
  return followers;
}

function whatNow(stack: string, external: boolean): string {
  const app = external
    ? `Now give your app what \`npm run pulumi -- stack output appEnvironment --show-secrets --stack ${stack}\` says, and then`
    : "Now change the keys of whoever else has them, and then";
  return `${app} run npm run keys -- rotate --stack ${stack} again: it goes on from here.`;
}

await runCommand(command);
