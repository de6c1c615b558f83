import type { Receipt } from "../../cli/verify/receipt.ts";
import type { TestStack } from "../../tools/test-stack.ts";

interface Diagnosis {
  checks: { id: string; status: "ok" | "warning" | "broken"; seen: string; remedy: string }[];
}

/** What `verify --json` says of a stack, which is all that it says. */
export async function verified(stack: TestStack, ...flags: string[]): Promise<Receipt & { exitCode: number }> {
  const { exitCode = 1, stdout, stderr } = await stack.command("verify", "--json", ...flags);
  if (!stdout) throw new Error(`verify said nothing: ${stderr}`);
  return { ...(JSON.parse(stdout) as Receipt), exitCode };
}

/** Ids of the checks that have failed, each of which must name cause and remedy. */
export async function failures(stack: TestStack, ...flags: string[]): Promise<string[]> {
  return (await failedChecks(stack, ...flags)).map(({ id }) => id);
}

/** The checks that have failed, each of which must name cause and remedy. */
export async function failedChecks(stack: TestStack, ...flags: string[]): Promise<Receipt["checks"]> {
  const { checks, exitCode } = await verified(stack, ...flags);
  const failed = checks.filter(({ status }) => status === "failed");
  if ((exitCode === 0) !== (failed.length === 0)) throw new Error(`verify ended with ${exitCode}`);
  for (const { id, seen } of failed) {
    if (!/ Likely cause: .+ Remedy: ./s.test(seen)) throw new Error(`${id} names no cause and remedy: ${seen}`);
  }
  return failed;
}

/** The checks that kill nothing: what is about a kill leaves them alone. */
export const gentle = ["dashboard", "registered", "event", "triggers", "crons", "signed", "fenced"];

/** What of a stack `doctor --json` calls broken or worth a warning: `queue broken`. */
export async function complaints(stack: TestStack): Promise<string[]> {
  const { exitCode, stdout, stderr } = await stack.command("doctor", "--json");
  if (!stdout) throw new Error(`doctor said nothing: ${stderr}`);
  const { checks } = JSON.parse(stdout) as Diagnosis;
  const wrong = checks.filter(({ status }) => status !== "ok");
  for (const { id, remedy } of wrong) if (!remedy) throw new Error(`${id} has no remedy`);
  if ((exitCode === 0) === wrong.some(({ status }) => status === "broken"))
    throw new Error(`doctor ended with ${exitCode}`);
  return wrong.map(({ id, status }) => `${id} ${status}`);
}
