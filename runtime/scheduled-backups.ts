/**
 * Backs a stack up as often as it is told, by the command that a person would use, in the folder of the project and
 * with the variables of who brought the stack up. Argument: a file with a {@link Schedule}.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { alarm } from "../lib/alarm.ts";
import { newestBackup } from "../lib/data/backup-files.ts";
import { backupFolder } from "../lib/host/paths.ts";

export interface Schedule {
  stack: string;
  everySeconds: number;
  keep: number;
  /** @default the platform's folder of the stack's backups */
  folder?: string | undefined;
  /** Where events are posted, key and all: a round that failed goes there as `health/degraded`. */
  alarmUrl?: string | undefined;
}

/** Before the first round: who brought the stack up may not have written down yet what it made. */
const settleSeconds = 10;
/** A failed round is tried again after the first, then after twice as long, and so on up to the second. */
const againSeconds = 60;
const againAtMostSeconds = 3600;
/** A clock that was set, or stood still while the machine slept, is looked at that often. */
const lookSeconds = 600;

const orderFile = process.argv[2] as string;
const { stack, everySeconds, keep, folder, alarmUrl } = JSON.parse(readFileSync(orderFile, "utf8")) as Schedule;
const inherited = JSON.parse(readFileSync(join(dirname(orderFile), "environment.json"), "utf8"));
Object.assign(process.env, inherited);

/** A backup that runs comes to its end first. */
let running: Promise<unknown> | undefined;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, async () => {
    await running;
    process.exit(0);
  });
}

interface Round {
  failed: boolean;
  said: string;
}

/** Takes a backup in a process group of its own, which a signal to this one's does not reach. */
function takeOne(): Promise<Round> {
  const command = [
    join(import.meta.dirname, "..", "cli", "backup.ts"),
    "--stack",
    stack,
    "--keep",
    String(keep),
    "--json",
  ];
  const child = spawn(process.execPath, command, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ failed: true, said: error.message }));
    child.once("close", (code) => resolve({ failed: code !== 0, said: (code === 0 ? stdout : stderr).trim() }));
  });
}

/** Seconds until the next one is due; a newest backup that is of the future, because the clock was set, counts as of now. */
function due(): number {
  const age = (Date.now() - newestBackup(folder ?? backupFolder(stack), stack)) / 1000;
  return everySeconds - Math.max(0, age);
}

await sleep(settleSeconds * 1000);
for (let failures = 0; ; ) {
  const seconds = due();
  if (seconds > 0) {
    await sleep(Math.min(seconds, lookSeconds) * 1000);
    continue;
  }
  const round = takeOne();
  running = round;
  const { failed, said } = await round;
  if (!failed) {
    console.log(said);
    failures = 0;
    continue;
  }
  const again = Math.min(againSeconds * 2 ** failures++, againAtMostSeconds, everySeconds);
  console.error(`this backup failed, and is tried again in ${again} s: ${said}`);
  await alarm(alarmUrl, [{ check: "backup", seen: said }]);
  await sleep(again * 1000);
}
