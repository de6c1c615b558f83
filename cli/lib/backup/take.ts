import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { backupName, backupsIn } from "../../../lib/data/backup-files.ts";
import type { Snapshot } from "../../../lib/data/requests.ts";
import { withLock } from "../../../lib/host/lock.ts";
import { Problem } from "../../../lib/problem.ts";
import { backupsOf } from "../last-backup.ts";
import { LiveStack } from "../live-stack.ts";
import type { Pulumi } from "../pulumi-cli.ts";
import { isAlive } from "../stack-lock.ts";
import { pack } from "./archive.ts";

/** A backup that was taken. */
export interface Backup extends Snapshot {
  file: string;
  serverVersion: string;
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
export async function takeBackup(pulumi: Pulumi, name: string, options: BackupOptions): Promise<Backup> {
  const stack = await LiveStack.find(name, pulumi);
  const folder = options.folder ?? backupsOf(stack.settings);
  return await withLock(`inngest-local.${name}.backups`, () => takeInto(folder, pulumi, stack, options.keep));
}

async function takeInto(
  folder: string,
  pulumi: Pulumi,
  { name: stack, tier, outputs: { stores }, data, dataFolder }: LiveStack,
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
    if ("noRoomIn" in taken) throw noRoom(folder, stack);
    const { exitCode, stdout, output } = await pulumi.capture(["stack", "export", "--stack", stack]);
    if (exitCode !== 0) throw new Problem(output);
    writeFileSync(join(content, "state.json"), stdout, { mode: 0o600 });
    if (existsSync(`Pulumi.${stack}.yaml`)) copyFileSync(`Pulumi.${stack}.yaml`, join(content, "settings.yaml"));
    copyWorkerData(dataFolder, content);

    const { held: _, ...about } = taken;
    const serverVersion = await data.serverVersion();
    const archive = join(draft, "archive");
    await pack(content, { stack, tier, serverVersion, ...about }, archive);
    const file = join(folder, backupName(stack, taken.takenAt));
    renameSync(archive, file);
    for (const old of backupsIn(folder, stack).slice(0, -keep)) rmSync(join(folder, old));
    return { file, serverVersion, ...taken };
  } catch (error) {
    // Node says so, and `docker cp` and `kubectl cp`.
    throw /no space left on device/i.test((error as Error).message) ? noRoom(folder, stack) : error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function noRoom(folder: string, stack: string): Problem {
  return new Problem(
    `no room is left in ${folder}, so there is no backup of stack ${stack}`,
    "make room, or name another folder with --to",
  );
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
