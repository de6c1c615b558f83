import { InvalidArgumentError } from "commander";
import { runChecks } from "./checks/check.ts";
import { silent, terminalReport } from "./checks/terminal.ts";
import { defineCommand, runCommand, UsageProblem } from "./command.ts";
import { LiveStack } from "./live-stack.ts";
import { edgeChecks } from "./verify/edge.ts";
import { eventCheck } from "./verify/event.ts";
import { refuseForeignRuns } from "./verify/in-flight.ts";
import { killChecks } from "./verify/kills.ts";
import { skipped, type Verdict, type VerifyCheck } from "./verify/outcome.ts";
import { rebootCheck } from "./verify/reboot.ts";
import { keepReceipt, receiptOf } from "./verify/receipt.ts";
import { recreateCheck } from "./verify/recreate.ts";
import { registrationChecks, type Viewed } from "./verify/registration.ts";
import { NoView, viewOf } from "./verify/view.ts";
import { versionsOf } from "./versions.ts";

interface Flags {
  stack: string;
  disruptive?: true;
  force?: true;
  patience: number;
  beforeReboot?: true;
  afterReboot?: true;
  json?: true;
}

const formats = { passed: "green", failed: "red", skipped: "yellow" } as const;

const command = defineCommand(
  "verify",
  "Proves on a live stack what it promises, a line each with what was seen. Nothing of yours is started.",
)
  .option("-s, --stack <stack>", "the stack, one of the Pulumi.<stack>.yaml files", "dev")
  .option("-d, --disruptive", "also kill worker, server and queue under runs of its own, and make the server anew")
  .option("-f, --force", "with --disruptive: also while runs of yours are in flight")
  .option("--patience <seconds>", "longest wait for a run that was killed under", wholeSeconds, 300)
  .option("--before-reboot", "arm the check of a reboot")
  .option("--after-reboot", "check, after the reboot, what was armed")
  .option("--json", "print { stack, tier, versions, startedAt, passed, failed, skipped, checks } and nothing else")
  .addHelpText("after", "\nExample: npm run verify -- --stack persistent --disruptive")
  .action(verify);

async function verify({ stack: name, disruptive, force, patience, beforeReboot, afterReboot, json }: Flags) {
  if (force && !disruptive)
    throw new UsageProblem("--force is for --disruptive. Remedy: leave it out, or add --disruptive");
  if (beforeReboot && afterReboot)
    throw new UsageProblem("--before-reboot and --after-reboot have a reboot between them");
  const stack = await LiveStack.find(name);
  if (disruptive && !force) await refuseForeignRuns(stack);

  const startedAt = new Date();
  let viewed: Promise<Viewed> | undefined;
  const view = () => {
    viewed ??= viewOf(stack).catch((error: unknown) => {
      if (error instanceof NoView) return error;
      throw error;
    });
    return viewed;
  };
  const how = { patienceSeconds: patience };
  const [dashboard, ...edge] = edgeChecks(stack, view) as [VerifyCheck, ...VerifyCheck[]];
  const [registered, ...drift] = registrationChecks(stack, view) as [VerifyCheck, ...VerifyCheck[]];
  const kills = [...killChecks(stack, view, how), recreateCheck(stack, view, how)];
  const flag = beforeReboot ? "before" : afterReboot ? "after" : undefined;
  const checks = [
    // First, because the others only find what a reboot has left when it has left it.
    ...(afterReboot ? [rebootCheck(stack, view, flag, how)] : []),
    dashboard,
    registered,
    eventCheck(stack, view),
    ...drift,
    ...edge,
    ...(disruptive ? kills : kills.map(({ id }) => ({ id, run: async () => skipped("needs --disruptive") }))),
    ...(afterReboot ? [] : [rebootCheck(stack, view, flag, how)]),
  ];
  const results = await runChecks<Verdict>(checks, "failed", json ? silent : terminalReport(formats));

  const seen = await view().catch(() => undefined);
  const sdk = seen && !(seen instanceof NoView) ? await stack.reach(({ api }) => api.sdkOf(seen.appId)) : undefined;
  const receipt = receiptOf(stack, await versionsOf(stack.pulumi, stack.settings, sdk), startedAt, results);
  const path = keepReceipt(stack, receipt);
  if (json) console.log(JSON.stringify(receipt));
  else {
    const { passed, failed, skipped } = receipt;
    console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
    console.log(`Receipt    ${path}`);
  }
  if (receipt.failed > 0) process.exitCode = 1;
}

function wholeSeconds(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number of seconds.");
}

await runCommand(command);
