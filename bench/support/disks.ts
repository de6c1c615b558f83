import { execFileSync } from "node:child_process";
import { chmodSync, closeSync, fsyncSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onPath } from "../../lib/host/programs.ts";
import { quantile } from "./measure.ts";

/** MiB of a file system, enough for a burst on any tier. */
const size = 1024;

/** A place for the files of a subject. */
export interface Disk {
  /** Used in the names of results. */
  name: string;
  folder: string;
}

/**
 * Runs `action` with the disks to compare: memory, the disk with the temporary folder, and for root on Linux a slower
 * one: two nested loop-mounted file systems on that disk, so that a sync goes through three file systems.
 */
export async function withDisks<T>(action: (disks: Disk[]) => Promise<T>): Promise<T> {
  const disks = [
    { name: "in memory", folder: "/dev/shm" },
    { name: "this disk", folder: tmpdir() },
  ];
  if (process.getuid?.() !== 0 || !onPath("mkfs.ext4")) {
    process.stderr.write("disk: skipping the slower disk, which needs root and mkfs.ext4\n");
    return await action(disks);
  }
  return await withFileSystem(tmpdir(), 1.25 * size, async (outer) => {
    return await withFileSystem(outer, size, async (folder) => {
      return await action([...disks, { name: "a slower disk", folder }]);
    });
  });
}

/** Runs `action` on a loop-mounted file system whose file is in `parent`, then removes it. */
async function withFileSystem<T>(
  parent: string,
  megabytes: number,
  action: (folder: string) => Promise<T>,
): Promise<T> {
  const home = mkdtempSync(join(parent, "disk-"));
  const [image, folder] = [join(home, "image"), join(home, "mounted")];
  mkdirSync(folder);
  // Postgres does not run as root and needs access.
  chmodSync(home, 0o711);
  try {
    // Written in full: a sparse file would be slower until its holes are filled.
    const blank = openSync(image, "w");
    for (let at = 0; at < megabytes; at++) writeSync(blank, Buffer.alloc(2 ** 20));
    closeSync(blank);
    // No lazy initialization, which would run in the background during the measurement.
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

/** Microseconds to append 16 KiB to a file and fsync it: the median of 200. */
export function syncTime({ folder }: Disk): number {
  const home = mkdtempSync(join(folder, "sync-"));
  const file = openSync(join(home, "file"), "w");
  try {
    const times = Array.from({ length: 200 }, () => {
      const start = performance.now();
      writeSync(file, Buffer.alloc(2 ** 14, 1));
      fsyncSync(file);
      return (performance.now() - start) * 1000;
    });
    return Math.round(quantile(times, 0.5));
  } finally {
    closeSync(file);
    rmSync(home, { recursive: true });
  }
}
