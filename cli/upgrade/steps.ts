import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Problem } from "../../lib/problem.ts";
import { unpack } from "../lib/backup/archive.ts";
import { restoreData, untilHealthy } from "../lib/backup/restore.ts";
import type { Journal } from "../lib/journal.ts";
import { LiveStack } from "../lib/live-stack.ts";
import type { Pulumi } from "../lib/pulumi-cli.ts";
import { verifyStack } from "../lib/verified.ts";

/** An upgrade under way. */
export interface Upgrade {
  /**
   * How far it has come. `forward`: the new server is tried. `back`: that has failed, and the old server is tried on the
   * data as it is now. `restored`: the backup's data is in place, and is not restored twice.
   */
  step: "forward" | "back" | "restored";
  from: string;
  to: string;
  /** The setting that names the server, with its values before (absent for the default) and after. */
  setting: "serverImage" | "serverBinary";
  before?: string | undefined;
  after: string;
  /** The backup that was taken before anything changed. */
  backup: string;
}

/** What an upgrade works with. */
export interface UpgradeTools {
  pulumi: Pick<Pulumi, "configure" | "change">;
  journal: Pick<Journal<Upgrade>, "write" | "remove">;
  /** Starts again what was stopped, which `up` does not notice of a container. */
  start(stack: string): Promise<unknown>;
  untilHealthy(stack: string): Promise<void>;
  verify(stack: string): Promise<void>;
  /** Replaces a stack's data by a backup's, calls `onReplaced`, and brings the stack up with them. */
  restore(stack: string, backup: string, onReplaced: () => void): Promise<void>;
}

export function upgradeTools(pulumi: Pulumi, journal: Journal<Upgrade>): UpgradeTools {
  return {
    pulumi,
    journal,
    start: async (stack) => (await LiveStack.find(stack, pulumi)).parts.start(),
    untilHealthy: (stack) => untilHealthy(pulumi, stack),
    verify: verifyStack,
    async restore(stack, backup, onReplaced) {
      const folder = mkdtempSync(join(tmpdir(), "upgrade-"));
      try {
        await unpack(backup, folder);
        await restoreData(pulumi, await LiveStack.find(stack, pulumi), folder, onReplaced);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  };
}

/**
 * Brings a stack to the new server, and back to the old one when that fails, from where an earlier run has ended.
 *
 * @throws {Problem} after going back
 */
export async function upgradeStack(tools: UpgradeTools, stack: string, plan: Upgrade): Promise<void> {
  const { journal } = tools;
  if (plan.step === "forward") {
    journal.write(plan);
    try {
      await use(tools, stack, plan.setting, plan.after);
      console.log(`Checking ${stack} at ${plan.to}.`);
      await tools.verify(stack);
      journal.remove();
      return;
    } catch (error) {
      console.error(`Version ${plan.to} does not work here (${(error as Error).message}).`);
    }
  }
  console.error(`Going back to ${plan.from} ...`);
  await goBack(tools, stack, plan);
  journal.remove();
  throw new Problem(`stack ${stack} is at ${plan.from} again, and works. Backup ${plan.backup}`);
}

/** Brings the stack up with a server, which migrates the database when it starts. */
async function use({ pulumi, untilHealthy }: UpgradeTools, stack: string, setting: Upgrade["setting"], value?: string) {
  await pulumi.configure(stack, { [setting]: value });
  if ((await pulumi.change("up", stack, [])) === "failed")
    throw new Problem("it does not come up; what went wrong is above");
  await untilHealthy(stack);
}

/** Brings the old server up on the data as it is now, and where that fails, on the backup's. */
async function goBack(tools: UpgradeTools, stack: string, plan: Upgrade): Promise<void> {
  const { setting, before, backup } = plan;
  const note = (step: Upgrade["step"]) => tools.journal.write({ ...plan, step });
  if (plan.step === "restored") {
    await tools.start(stack);
    await use(tools, stack, setting, before);
    return;
  }
  note("back");
  try {
    await tools.start(stack);
    await use(tools, stack, setting, before);
    await tools.verify(stack);
  } catch {
    await tools.restore(stack, backup, () => note("restored"));
  }
}
