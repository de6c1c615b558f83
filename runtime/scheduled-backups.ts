/**
 * Backs up a stack on a schedule, with the command that a person would use, in the project's folder and with the
 * environment of whoever ran `pulumi up`. Argument: a file with a {@link BackupSchedule}, next to `environment.json`.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { alarm } from "../lib/alarm.ts";
import { newestBackup } from "../lib/data/backup-files.ts";
import type { BackupSchedule } from "../lib/data/requests.ts";
import { backupFolder } from "../lib/host/paths.ts";

/** Pause before the first backup: `pulumi up` may not have written the stack's state yet. */
const startDelaySeconds = 10;
/** Pause after a failed backup; it doubles with each further failure, up to the second value. */
const retrySeconds = 60;
const maxRetrySeconds = 3600;
/** Longest sleep, because the clock may be set, or may stop while the machine is suspended. */
const maxSleepSeconds = 600;

const scheduleFile = process.argv[2] as string;
const environmentFile = join(dirname(scheduleFile), "environment.json");
const schedule = JSON.parse(readFileSync(scheduleFile, "utf8")) as BackupSchedule;
const { stack, everySeconds, alarmUrl } = schedule;
Object.assign(process.env, JSON.parse(readFileSync(environmentFile, "utf8")));

let running: Promise<Outcome> | undefined;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, async () => {
    // A backup in progress is completed.
    await running;
    process.exit(0);
  });
}

await sleep(startDelaySeconds * 1000);
for (let failures = 0; ; ) {
  const seconds = secondsUntilDue();
  if (seconds > 0) {
    await sleep(Math.min(seconds, maxSleepSeconds) * 1000);
    continue;
  }
  running = backUp();
  const { failed, output } = await running;
  if (!failed) {
    console.log(output);
    failures = 0;
    continue;
  }
  const pause = Math.min(retrySeconds * 2 ** failures++, maxRetrySeconds, everySeconds);
  console.error(`backup failed; next attempt in ${pause} s: ${output}`);
  await alarm(alarmUrl, [{ check: "backup", seen: output }]);
  await sleep(pause * 1000);
}

/** Seconds until the next backup is due. A newest backup from the future, after the clock was set, counts as new. */
function secondsUntilDue(): number {
  const age = (Date.now() - newestBackup(schedule.folder ?? backupFolder(stack), stack)) / 1000;
  return everySeconds - Math.max(0, age);
}

interface Outcome {
  failed: boolean;
  output: string;
}

/** Takes a backup in its own process group, so that a signal to ours does not interrupt it. */
async function backUp(): Promise<Outcome> {
  const program = join(import.meta.dirname, "..", "cli", "backup.ts");
  const args = [program, "--stack", stack, "--keep", String(schedule.keep), "--json"];
  const child = spawn(process.execPath, args, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  try {
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    return { failed: code !== 0, output: (code === 0 ? stdout : stderr).trim() };
  } catch (error) {
    return { failed: true, output: (error as Error).message };
  }
}
