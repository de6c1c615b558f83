import { newestBackup } from "../../lib/data/backup-files.ts";
import { backupFolder } from "../../lib/host/paths.ts";
import type { Settings } from "../../lib/settings/settings.ts";

/** Absolute folder of a stack's backups. */
export function backupsOf({ stack, backupDir }: Pick<Settings, "stack" | "backupDir">): string {
  return backupDir ?? backupFolder(stack);
}

/** When a stack's newest backup was taken, ISO 8601; `undefined` when there is none. */
export function lastBackupOf(settings: Pick<Settings, "stack" | "backupDir">): string | undefined {
  const newest = newestBackup(backupsOf(settings), settings.stack);
  return newest === 0 ? undefined : new Date(newest).toISOString();
}

/** Whether two scheduled backups are missing since the last one. */
export function isOverdue({ backups }: Pick<Settings, "backups">, last: string): boolean {
  return backups !== undefined && Date.now() - Date.parse(last) > 2 * backups.everySeconds * 1000;
}
