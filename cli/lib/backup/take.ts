import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { backupName, backupsIn } from "../../../lib/data/backup-files.ts";
import type { Snapshot } from "../../../lib/data/requests.ts";
import { withLock } from "../../../lib/host/lock.ts";
import { backupFolder, dataFolder } from "../../../lib/host/paths.ts";
import type { StackData } from "../../../lib/places/data.ts";
import { dataOf, StackParts } from "../../../lib/places/places.ts";
import { Problem } from "../../../lib/problem.ts";
import type { Settings } from "../../../lib/settings/settings.ts";
import type { Stores } from "../../../lib/stack/stores.ts";
import { outputsOf } from "../live-stack.ts";
import type { Pulumi } from "../pulumi-cli.ts";
import { isAlive } from "../stack-lock.ts";
import { pack } from "./archive.ts";

/** A backup that was taken. */
export interface Backup extends Snapshot {
  file: string;
  serverVersion: string;
}

/** Where a stack's data is, and what backup, restore, move and upgrade do there. */
export interface StackState {
  stores: Stores;
  parts: Pick<StackParts, "start" | "stop" | "stopWriters">;
  data: StackData;
  tier: Settings["tier"];
  dataDir: string | undefined;
  /** Absolute folder of its backups. */
  backups: string;
}

/** The state of a stack that is up. @throws {Problem} when it is not */
export async function stateOf(pulumi: Pick<Pulumi, "outputs" | "settings">, stack: string): Promise<StackState> {
  const settings = await pulumi.settings(stack);
  const { tier, dataDir, backupDir: backups = backupFolder(stack) } = settings;
  const { stores } = await outputsOf(pulumi, stack);
  return { stores, parts: new StackParts(settings), data: dataOf(settings, stores), tier, dataDir, backups };
}

export interface BackupOptions {
  /** @default the setting `backupDir`, else the platform's */
  folder?: string | undefined;
  /** How many of the newest backups stay in that folder. @default all */
  keep?: number | undefined;
}

/**
 * Takes a backup of a running stack: one file, which gets its name when it was checked. One at a time, because each
 * resumes the queue that the other has paused.
 *
 * @throws {Problem} when the stack is not up, and when there is no room or no right to write
 */
export async function takeBackup(pulumi: Pulumi, stack: string, options: BackupOptions): Promise<Backup> {
  const state = await stateOf(pulumi, stack);
  let taken: Backup | undefined;
  await withLock(`inngest-local.${stack}.backups`, async () => {
    taken = await takeInto(options.folder ?? state.backups, pulumi, stack, state, options.keep);
  });
  return taken as Backup;
}

async function takeInto(
  folder: string,
  pulumi: Pulumi,
  stack: string,
  { stores, data, tier, dataDir }: StackState,
  keep = Number.POSITIVE_INFINITY,
): Promise<Backup> {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Problem(`backups of stack ${stack} must go to a folder, and ${folder} cannot be made (${code})`);
  }
  removeDrafts(folder, stack);
  const draft = join(folder, draftName(stack, process.pid));
  const content = join(draft, "content");
  try {
    mkdirSync(content, { recursive: true, mode: 0o700 });
    const taken = await data.runNextToData("snapshot", { queueUrl: stores.queueUrl }, content);
    const { exitCode, stdout, output } = await pulumi.capture(["stack", "export", "--stack", stack]);
    if (exitCode !== 0) throw new Problem(output);
    writeFileSync(join(content, "state.json"), stdout, { mode: 0o600 });
    if (existsSync(`Pulumi.${stack}.yaml`)) copyFileSync(`Pulumi.${stack}.yaml`, join(content, "settings.yaml"));
    copyWorkerData(dataFolder(stack, dataDir), content);

    const { held: _, ...about } = taken;
    const serverVersion = await data.serverVersion();
    const archive = join(draft, "archive");
    await pack(content, { stack, tier, serverVersion, ...about }, archive);
    const file = join(folder, backupName(stack, taken.takenAt));
    renameSync(archive, file);
    for (const old of backupsIn(folder, stack).slice(0, -keep)) rmSync(join(folder, old));
    return { file, serverVersion, ...taken };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOSPC" || /no room is left|no space left/i.test(message)) {
      throw new Problem(
        `no room is left in ${folder}, so there is no backup of stack ${stack}`,
        "make room, or name another folder with --to",
      );
    }
    throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Copies what a worker on this machine keeps for its runs, such as claims, without its keys and variables. */
export function copyWorkerData(data: string, content: string): void {
  const worker = join(data, "worker");
  if (!existsSync(worker)) return;
  cpSync(worker, join(content, "worker"), { recursive: true, filter: (path) => !basename(path).endsWith(".env") });
}

function draftName(stack: string, pid: number): string {
  return `.${stack}-${pid}.draft`;
}

/** Removes what killed backups have left. */
function removeDrafts(folder: string, stack: string): void {
  for (const name of readdirSync(folder)) {
    const pid = name.startsWith(`.${stack}-`) ? /-(\d+)\.draft$/.exec(name)?.[1] : undefined;
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(folder, name), { recursive: true });
  }
}
