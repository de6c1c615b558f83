import { newestBackup } from "../../lib/data/backup-files.ts";
import { backupFolder } from "../../lib/host/paths.ts";
import { secondsOf } from "../../lib/settings/backups.ts";
import type { LiveStack } from "./live-stack.ts";
import type { Placed } from "./parts.ts";

/** What backs a stack up by itself; `undefined` where nothing does. */
export function backupOf({ settings }: Pick<LiveStack, "settings">): Placed | undefined {
  if ((settings.backupEvery ?? "off") === "off") return undefined;
  return { name: "backup", place: "host", what: "process of the scheduled backup" };
}

/** When its newest backup was taken, ISO 8601; `undefined` when there is none. */
export function lastBackupOf({ name, settings }: Pick<LiveStack, "name" | "settings">): string | undefined {
  const newest = newestBackup(settings.backupDir || backupFolder(name), name);
  return newest === 0 ? undefined : new Date(newest).toISOString();
}

/** Whether two of its rounds have passed without a backup. */
export function isOverdue({ settings }: Pick<LiveStack, "settings">, last: string | undefined): boolean {
  const every = secondsOf(settings.backupEvery ?? "off") ?? 0;
  return last !== undefined && Date.now() - Date.parse(last) > 2 * every * 1000;
}
