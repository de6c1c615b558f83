import { dataFolder } from "../lib/host/paths.ts";
import { dockerChecks } from "./doctor/docker.ts";
import { kubernetesChecks } from "./doctor/kubernetes.ts";
import { devModeCheck, liveChecks } from "./doctor/live.ts";
import { machineChecks } from "./doctor/machine.ts";
import { broken, type DoctorCheck, type DoctorContext, type Health, ok } from "./doctor/outcome.ts";
import { stackChecks } from "./doctor/stack.ts";
import { storeChecks } from "./doctor/stores.ts";
import { runChecksAtOnce } from "./lib/checks/check.ts";
import { silent, terminalReport } from "./lib/checks/terminal.ts";
import { checkStack, defineCommand, runCommand } from "./lib/command.ts";
import { knownStack, LiveStack, outputsIfUp } from "./lib/live-stack.ts";
import { Pulumi } from "./lib/pulumi-cli.ts";

const formats = { ok: "green", warning: "yellow", broken: "red" } as const;

const command = defineCommand(
  "doctor",
  "Checks this machine and a stack, and says what is wrong and what to do. It changes nothing.",
)
  .option("-s, --stack <stack>", "the stack, one of the Pulumi.<stack>.yaml files", "dev")
  .option("--json", "print { checks } as JSON and nothing else")
  .addHelpText("after", "\nExample: npm run doctor -- --stack persistent")
  .action(doctor);

async function doctor({ stack, json }: { stack: string; json?: true }): Promise<void> {
  checkStack(stack);
  const report = json ? silent : terminalReport<Health>(formats);
  const pulumi = Pulumi.find();
  const about = pulumi.then((found) => found.about());
  // Begun now, because Pulumi's CLI takes longer than all that comes before it is needed.
  const opening = open(stack, pulumi);
  opening.catch(() => undefined);
  const results = await runChecksAtOnce<Health>(machineChecks(dataFolder(stack), about), "broken", report);
  // The checks that follow need Pulumi, its backend and the stack's secrets.
  if (!results.some(({ id, status }) => status === "broken" && ["pulumi", "backend"].includes(id))) {
    results.push(...(await runChecksAtOnce<Health>([openingCheck(stack, opening)], "broken", report)));
    const context = await opening.catch(() => undefined);
    if (context) results.push(...(await runChecksAtOnce<Health>(checksOf(context), "broken", report)));
  }
  const count = (health: Health) => results.filter(({ status }) => status === health).length;
  if (json) {
    console.log(
      JSON.stringify({ checks: results.map(({ id, status, seen, remedy = "" }) => ({ id, status, seen, remedy })) }),
    );
  } else console.log(`\n${count("ok")} ok, ${count("warning")} warnings, ${count("broken")} broken`);
  if (count("broken") > 0) process.exitCode = 1;
}

async function open(name: string, pulumi: Promise<Pulumi>): Promise<DoctorContext> {
  const stack = await knownStack(name, await pulumi);
  return { stack, outputs: await outputsIfUp(stack.pulumi, name) };
}

function openingCheck(name: string, opening: Promise<DoctorContext>): DoctorCheck {
  return {
    id: "stack",
    run: () =>
      opening.then(
        ({ stack, outputs }) => ok(`stack ${name} (tier ${stack.settings.tier}) is ${outputs ? "up" : "not up"}`),
        ({ message }: Error) =>
          broken(
            `the secrets of stack ${name} cannot be read: ${message.split("\n").at(-1)}`,
            "set PULUMI_CONFIG_PASSPHRASE (or _FILE) to the passphrase that the stack was made with",
          ),
      ),
  };
}

function checksOf(context: DoctorContext): DoctorCheck[] {
  const { stack, outputs } = context;
  const live = outputs && new LiveStack(stack, outputs);
  return [
    ...dockerChecks(context),
    ...kubernetesChecks(context),
    ...stackChecks(context),
    ...storeChecks(context),
    devModeCheck(stack.settings.worker.dir, live),
    ...(live ? liveChecks(live) : []),
  ];
}

await runCommand(command);
