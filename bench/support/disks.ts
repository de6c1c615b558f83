import { execFileSync } from "node:child_process";
import { chmodSync, closeSync, fsyncSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onPath } from "../../lib/host/programs.ts";
import { quantile } from "./measure.ts";

/** Megabytes of a file system, enough for a burst on any tier. */
const size = 1024;

/** Where a measurement's files lie. */
export interface Disk {
  /** Words for the name of a figure. */
  name: string;
  folder: string;
}

/**
 * Gives `action` the places that files can lie in: memory, the disk of temporary files, and, for root on Linux, a file system
 * within a file of a file system within a file of that disk, where a sync goes through all three.
 */
export async function withDisks<T>(action: (disks: Disk[]) => Promise<T>): Promise<T> {
  const disks = [
    { name: "in memory", folder: "/dev/shm" },
    { name: "this disk", folder: tmpdir() },
  ];
  if (process.getuid?.() !== 0 || !onPath("mkfs.ext4")) {
    process.stderr.write("no slower disk: it takes root and mkfs.ext4\n");
    return await action(disks);
  }
  return await withFileSystem(tmpdir(), 1.25 * size, async (outer) => {
    return await withFileSystem(outer, size, async (folder) => {
      return await action([...disks, { name: "a slower disk", folder }]);
    });
  });
}

/** Makes a file system of so many megabytes in a file below `parent`, and removes it in the end. */
async function withFileSystem<T>(
  parent: string,
  megabytes: number,
  action: (folder: string) => Promise<T>,
): Promise<T> {
  const home = mkdtempSync(join(parent, "disk-"));
  const [image, folder] = [join(home, "image"), join(home, "mounted")];
  mkdirSync(folder);
  // Postgres is not run as root and has to get there.
  chmodSync(home, 0o711);
  try {
    // Written in full, because a file with holes would be slower still while they fill.
    const blank = openSync(image, "w");
    for (let at = 0; at < megabytes; at++) writeSync(blank, Buffer.alloc(2 ** 20));
    closeSync(blank);
    // Nothing is left to be done in the background while something is measured.
    execFileSync("mkfs.ext4", ["-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", image]);
    execFileSync("mount", ["-o", "loop", image, folder]);
    try {
      return await action(folder);
    } finally {
      execFileSync("umount", [folder]);
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Microseconds that it takes to append 16 KiB to a file there and to make it last: the median of 200. */
export function syncTime({ folder }: Disk): number {
  const home = mkdtempSync(join(folder, "sync-"));
  const file = openSync(join(home, "file"), "w");
  try {
    const times = Array.from({ length: 200 }, () => {
      const begin = performance.now();
      writeSync(file, Buffer.alloc(2 ** 14, 1));
      fsyncSync(file);
      return (performance.now() - begin) * 1000;
    });
    return Math.round(quantile(times, 0.5));
  } finally {
    closeSync(file);
    rmSync(home, { recursive: true });
  }
}
