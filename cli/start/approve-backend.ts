import { confirm } from "../lib/command.ts";
import type { Pulumi } from "../lib/pulumi-cli.ts";

type Backend = Pick<Pulumi, "isOwnBackend" | "whoami" | "capture">;

/**
 * Asks whether to create a stack on a backend that is not this project's own folder, and says which it is.
 *
 * @param isApproved It is only said.
 * @throws {UsageProblem} when there is no terminal to ask on
 * @throws {Problem} when the answer is no, or the backend does not answer
 */
export async function approveBackend(pulumi: Backend, stack: string, isApproved?: boolean): Promise<void> {
  if (pulumi.isOwnBackend) return;
  const [{ user, url, organizations }, { stdout }] = await Promise.all([
    pulumi.whoami(),
    pulumi.capture(["org", "get-default"]),
  ]);
  // Where new stacks are the user's own the CLI prints a sentence.
  const organization = organizations?.find((name) => name === stdout.trim());
  const what = `create stack ${stack} on ${url} as ${user}${organization ? ` in organisation ${organization}` : ""}`;
  if (isApproved) console.log(`Approved by --yes: ${what}.`);
  else await confirm(what);
}
