import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Problem } from "../../lib/problem.ts";
import { unpack } from "../lib/backup/archive.ts";
import { putBack, untilHealthy } from "../lib/backup/restore.ts";
import { stateOf } from "../lib/backup/take.ts";
import type { Journal } from "../lib/journal.ts";
import type { Pulumi } from "../lib/pulumi-cli.ts";
import { verified } from "../lib/verified.ts";

/** What is on disk while an upgrade is under way. */
export interface Upgrade {
  /**
   * How far it has come. `forward`: the new server is tried. `back`: it did not work, and the old one is tried on the
   * data as they are. `restored`: those of the backup are in their place, and are not put there twice.
   */
  step: "forward" | "back" | "restored";
  from: string;
  to: string;
  /** The setting that names the server, its value before (none: the default) and after. */
  setting: "serverImage" | "serverBinary";
  before?: string | undefined;
  after: string;
  /** The backup that was taken before anything changed. */
  backup: string;
}

/** What an upgrade does its work by. */
export interface UpgradeTools {
  pulumi: Pick<Pulumi, "configure" | "change">;
  journal: Pick<Journal<Upgrade>, "write" | "remove">;
  /** Starts again what was stopped, which `up` does not notice of a container. */
  start(stack: string): Promise<void>;
  untilHealthy(stack: string): Promise<void>;
  verified(stack: string): Promise<void>;
  /** Puts a backup's data in the place of a stack's, calls `replaced`, and brings the stack up with them. */
  restore(stack: string, backup: string, replaced: () => void): Promise<void>;
}

export function upgradeTools(pulumi: Pulumi, journal: Journal<Upgrade>): UpgradeTools {
  return {
    pulumi,
    journal,
    start: async (stack) => (await stateOf(pulumi, stack)).parts.start(),
    untilHealthy: (stack) => untilHealthy(pulumi, stack),
    verified,
    async restore(stack, backup, replaced) {
      const folder = mkdtempSync(join(tmpdir(), "upgrade-"));
      try {
        await unpack(backup, folder);
        await putBack(pulumi, stack, await stateOf(pulumi, stack), folder, replaced);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  };
}

/**
 * Brings a stack to the new server of `plan`, and back when that does not work, from where an earlier try has ended.
 * Throws {@link Problem} after going back.
 */
export async function upgradeStack(tools: UpgradeTools, stack: string, plan: Upgrade): Promise<void> {
  const { journal } = tools;
  if (plan.step === "forward") {
    journal.write(plan);
    try {
      await use(tools, stack, plan.setting, plan.after);
      console.log(`Checking ${stack} at ${plan.to}.`);
      await tools.verified(stack);
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

/** Brings the stack up with that server: one, which migrates its database as it starts. */
async function use({ pulumi, untilHealthy }: UpgradeTools, stack: string, setting: Upgrade["setting"], value?: string) {
  await pulumi.configure(stack, { [setting]: value });
  if ((await pulumi.change("up", stack, [])) !== 0) throw new Problem("it does not come up; what went wrong is above");
  await untilHealthy(stack);
}

/** The old server on the data as they are now; where it does not take them, on those of the backup. */
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
    await tools.verified(stack);
  } catch {
    await tools.restore(stack, backup, () => note("restored"));
  }
}
