import { readdirSync, statSync } from "node:fs";

const ending = /^-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.tar\.gz$/;

/** File name of a stack's backup; `takenAt` is in ISO 8601. */
export function backupName(stack: string, takenAt: string): string {
  return `${stack}-${takenAt.replace(/[-:]|\.\d+/g, "")}.tar.gz`;
}

/** Names of a stack's backups in a folder, oldest first. */
export function backupsIn(folder: string, stack: string): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(folder)
    .filter((file) => file.startsWith(stack) && ending.test(file.slice(stack.length)))
    .sort();
}

/** When the newest backup was taken, in milliseconds since 1970; 0 when there is none. */
export function newestBackup(folder: string, stack: string): number {
  const name = backupsIn(folder, stack).at(-1)?.slice(stack.length);
  return name ? Date.parse(name.replace(ending, "$1-$2-$3T$4:$5:$6Z")) : 0;
}
