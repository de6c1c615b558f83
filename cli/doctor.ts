import { dataFolder } from "../lib/host/paths.ts";
import { dockerChecks } from "./doctor/docker.ts";
import { historyChecks } from "./doctor/history.ts";
import { kubernetesChecks } from "./doctor/kubernetes.ts";
import { devModeCheck, liveChecks } from "./doctor/live.ts";
import { machineChecks } from "./doctor/machine.ts";
import type { DoctorCheck, Health, Patient } from "./doctor/outcome.ts";
import { stackChecks } from "./doctor/stack.ts";
import { storeChecks } from "./doctor/stores.ts";
import { runChecks } from "./lib/checks/check.ts";
import { silent, terminalReport } from "./lib/checks/terminal.ts";
import { checkStack, defineCommand, runCommand } from "./lib/command.ts";
import { LiveStack, settingsOf } from "./lib/live-stack.ts";
import { Pulumi } from "./lib/pulumi-cli.ts";

const formats = { ok: "green", warning: "yellow", broken: "red" } as const;

const command = defineCommand(
  "doctor",
  "Looks at this machine and at a stack, and says what is wrong and what to do. It changes nothing.",
)
  .option("-s, --stack <stack>", "the stack, one of the Pulumi.<stack>.yaml files", "dev")
  .option("--json", "print { checks } as JSON and nothing else")
  .addHelpText("after", "\nExample: npm run doctor -- --stack persistent")
  .action(doctor);

async function doctor({ stack, json }: { stack: string; json?: true }): Promise<void> {
  checkStack(stack);
  const report = json ? silent : terminalReport<Health>(formats);
  const results = await runChecks<Health>(machineChecks(dataFolder(stack)), "broken", report);
  // What follows needs Pulumi, its backend and the stack's secrets.
  if (!results.some(({ id, status }) => status === "broken" && ["pulumi", "backend"].includes(id))) {
    const found: { checks?: DoctorCheck[] } = {};
    const opening: DoctorCheck = { id: "stack", run: () => open(stack, found) };
    results.push(...(await runChecks<Health>([opening], "broken", report)));
    results.push(...(await runChecks<Health>(found.checks ?? [], "broken", report)));
  }
  const count = (health: Health) => results.filter(({ status }) => status === health).length;
  if (json) {
    console.log(
      JSON.stringify({ checks: results.map(({ id, status, seen, remedy = "" }) => ({ id, status, seen, remedy })) }),
    );
  } else console.log(`\n${count("ok")} ok, ${count("warning")} warnings, ${count("broken")} broken`);
  if (count("broken") > 0) process.exitCode = 1;
}

/** Reads the stack, and finds out what there is to look at on it. */
async function open(stack: string, found: { checks?: DoctorCheck[] }): ReturnType<DoctorCheck["run"]> {
  let live: LiveStack | undefined;
  try {
    live = await LiveStack.findIfUp(stack);
  } catch (error) {
    return {
      status: "broken",
      seen: `the secrets of stack ${stack} cannot be read: ${(error as Error).message.split("\n").at(-1)}`,
      remedy: "set PULUMI_CONFIG_PASSPHRASE (or _FILE) to the passphrase that the stack was made with",
    };
  }
  const pulumi = live?.pulumi ?? (await Pulumi.find());
  const settings = live?.settings ?? (await settingsOf(pulumi, stack));
  const patient: Patient = { stack, pulumi, settings, outputs: live?.outputs };
  const { tier } = settings;
  found.checks = [
    ...(tier === "docker" ? dockerChecks(patient) : []),
    ...(tier === "kubernetes" || tier === "cluster" ? kubernetesChecks(patient) : []),
    ...stackChecks(patient),
    ...storeChecks(patient),
    ...historyChecks(patient),
    devModeCheck(settings.workerDir, live),
    ...(live ? liveChecks(live) : []),
  ];
  return { status: "ok", seen: `stack ${stack} (tier ${tier}) is ${live ? "up" : "not up"}` };
}

await runCommand(command);
