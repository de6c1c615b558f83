import { findHomeProblem, homeHere, movedFrom } from "../../lib/host/home.ts";
import type { Settings } from "../../lib/settings/settings.ts";
import { type FormerHome, type Home, takeOverVariable } from "../../lib/stack/home.ts";
import type { Outputs } from "../../lib/stack/outputs.ts";
import { preflightSpec } from "../../lib/stack/preflight-spec.ts";
import { outputsIfUp } from "./live-stack.ts";
import type { Pulumi } from "./pulumi-cli.ts";
import { freeStack } from "./stack-lock.ts";

/**
 * Makes sure that a stack may be changed from here, before a command changes it. `up` does so itself, and later.
 *
 * @returns the outputs of a stack that is up
 * @throws {Problem} when the stack belongs to another machine, user, folder, engine or backend
 */
export async function checkHome(pulumi: Pick<Pulumi, "outputs" | "settings">, stack: string) {
  const [settings, outputs] = await Promise.all([pulumi.settings(stack), outputsIfUp(pulumi, stack)]);
  await refuseForeign({ settings, outputs });
  return outputs;
}

/** {@link checkHome} of a stack whose outputs are known. */
export async function refuseForeign({ settings, outputs }: Known): Promise<void> {
  const { here, former, problem } = await lookHome({ settings, outputs });
  if (problem && process.env[takeOverVariable] === undefined) throw problem;
  const folder = former && movedFrom(here, former);
  // Not on standard output, which may be one JSON value.
  if (folder) console.error(`Stack ${settings.stack} moved with its folder from ${folder} to ${here.folder}.`);
}

/** {@link checkHome} of a stack that its backend does not have, before it is created there. */
export async function checkNewHome(pulumi: Pick<Pulumi, "settings">, stack: string): Promise<void> {
  await refuseForeign({ settings: await pulumi.settings(stack), outputs: undefined });
}

/**
 * Readies a stack for a command that changes it: it exists, may be changed from here, and no killed Pulumi holds it.
 *
 * @returns the outputs of a stack that is up
 * @throws {Problem} when it may not be changed from here, or is being changed
 */
export async function readyStack(pulumi: Pulumi, stack: string) {
  await pulumi.ensureStack(stack, () => checkNewHome(pulumi, stack));
  const outputs = await checkHome(pulumi, stack);
  await freeStack(pulumi, stack);
  return outputs;
}

/** Whether a stack may be changed from here. */
export async function lookHome({ settings, outputs }: Known) {
  const spec = preflightSpec(settings);
  const here: Home = await homeHere(spec);
  const former: FormerHome | undefined = outputs?.home;
  return { here, former, problem: await findHomeProblem(spec, here, { isNew: !outputs, former }) };
}

interface Known {
  settings: Settings;
  /** `undefined` while the stack is not up. */
  outputs: Outputs | undefined;
}
