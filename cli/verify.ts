import { Option } from "commander";
import { runChecks } from "./lib/checks/check.ts";
import { silent, terminalReport } from "./lib/checks/terminal.ts";
import { defineCommand, parseWholeNumber, runCommand, UsageProblem } from "./lib/command.ts";
import { type Comparison, compareFunctions, Unreachable } from "./lib/comparison.ts";
import { refuseForeign } from "./lib/home.ts";
import { LiveStack } from "./lib/live-stack.ts";
import { versionsOf } from "./lib/versions.ts";
import { edgeChecks } from "./verify/edge.ts";
import { eventCheck } from "./verify/event.ts";
import { refuseForeignRuns } from "./verify/in-flight.ts";
import { killChecks, recreateCheck } from "./verify/kills.ts";
import { skipped, type Verdict, type VerifyCheck, type VerifyContext } from "./verify/outcome.ts";
import { rebootCheck } from "./verify/reboot.ts";
import { keepReceipt, receiptOf } from "./verify/receipt.ts";
import { registrationChecks } from "./verify/registration.ts";

interface Flags {
  stack: string;
  disruptive?: true;
  force?: true;
  patience: number;
  only?: string[];
  beforeReboot?: true;
  afterReboot?: true;
  json?: true;
}

/** Every check, in the order in which they are reported. */
const ids = [
  ...["dashboard", "registered", "event", "triggers", "crons", "signed", "fenced"],
  ...["worker-kill", "server-kill", "queue-kill", "all-kill", "recreate", "reboot"],
];

const formats = { passed: "green", failed: "red", skipped: "yellow" } as const;

const command = defineCommand(
  "verify",
  "Proves on a live stack what it promises, one line for each promise. None of your functions is started.",
)
  .option("-s, --stack <stack>", "the stack, one of the Pulumi.<stack>.yaml files", "dev")
  .option(
    "-d, --disruptive",
    "also kill worker, server and queue while test runs are in flight, and recreate the server",
  )
  .option("-f, --force", "with --disruptive: also while runs of yours are in flight")
  .option("--patience <seconds>", "longest wait for a run whose parts were killed", parseWholeNumber(1, "seconds"), 300)
  .addOption(new Option("--only <ids...>", "only these checks").choices(ids))
  .option("--before-reboot", "arm the check of a reboot")
  .option("--after-reboot", "check, after the reboot, what was armed")
  .option("--json", "print { stack, tier, versions, startedAt, passed, failed, skipped, checks } and nothing else")
  .addHelpText("after", "\nExample: npm run verify -- --stack persistent --disruptive")
  .action(verify);

async function verify(flags: Flags): Promise<void> {
  checkFlags(flags);
  const { only = ids, json } = flags;
  const stack = await LiveStack.find(flags.stack);
  if (flags.disruptive) await refuseForeign(stack);
  if (flags.disruptive && !flags.force) await refuseForeignRuns(stack);

  const startedAt = new Date();
  let compared: Promise<Comparison | Unreachable> | undefined;
  const comparison = () => {
    compared ??= compareFunctions(stack);
    return compared;
  };
  const context = { stack, comparison, runSeconds: flags.patience, nextStepMs: 1000 };
  const checks = checksOf(context, flags).filter(({ id }) => only.includes(id));
  const results = await runChecks<Verdict>(checks, "failed", json ? silent : terminalReport(formats));

  const found = await comparison().catch(() => undefined);
  // Also written when a check has left the server dead.
  const sdk =
    found && !(found instanceof Unreachable)
      ? stack.reach(({ api }) => api.sdkOf(found.appId)).catch(() => undefined)
      : undefined;
  const receipt = receiptOf(stack, await versionsOf(stack, sdk), startedAt, results);
  const path = keepReceipt(stack, receipt);
  if (json) console.log(JSON.stringify(receipt));
  else {
    const { passed, failed, skipped } = receipt;
    console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
    console.log(`Receipt    ${path}`);
  }
  if (receipt.failed > 0) process.exitCode = 1;
}

function checkFlags({ force, disruptive, beforeReboot, afterReboot }: Flags): void {
  if (force && !disruptive) {
    throw new UsageProblem("--force is for --disruptive", "leave it out, or add --disruptive");
  }
  if (beforeReboot && afterReboot) {
    throw new UsageProblem("--before-reboot and --after-reboot exclude each other", "give one of them");
  }
}

function checksOf(context: VerifyContext, { disruptive, beforeReboot, afterReboot }: Flags): VerifyCheck[] {
  const reboot = rebootCheck(context, beforeReboot ? "before" : afterReboot ? "after" : undefined);
  const kills = [...killChecks(context), recreateCheck(context)];
  const checks = [
    ...edgeChecks(context),
    ...registrationChecks(context),
    eventCheck(context),
    ...(disruptive ? kills : kills.map(({ id }) => ({ id, run: async () => skipped("needs --disruptive") }))),
    reboot,
  ].sort((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id));
  // After a reboot the other checks make sense only when everything is back.
  return afterReboot ? [reboot, ...checks.filter((check) => check !== reboot)] : checks;
}

await runCommand(command);
