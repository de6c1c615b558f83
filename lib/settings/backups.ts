import type { SettingsReader } from "./reader.ts";
import type { Choice, Tier } from "./schema.ts";

/** Automatic backups of a stack. */
export type BackupSettings = NonNullable<ReturnType<typeof readBackups>>;

/** Reads what makes backups automatic; `undefined` where they are off. */
export function readBackups(
  { tier, durable, scope }: { tier: Tier; durable: boolean; scope: Choice<"supervisorScope"> },
  reader: SettingsReader,
) {
  const keep = reader.whole("backupKeep");
  if (reader.text("backupEvery") === "off") return undefined;
  const everySeconds = secondsOf(reader.text("backupEvery"));
  if (everySeconds === undefined) {
    reader.reject("backupEvery", everyRule, "pulumi config set backupEvery 24h");
    return undefined;
  }
  const off = "pulumi config rm backupEvery";
  if (tier === "docker" && !durable) {
    reader.reject("backupEvery", "off where `durable` is false, which keeps nothing", off);
  }
  if (scope === "system") {
    const rule = "off where `supervisorScope` is system, whose services do not reach your Pulumi backend";
    reader.reject("backupEvery", rule, `${off}, and have root's cron run npm run backup`);
  }
  return { everySeconds, keep };
}

/** What `backupEvery` must be. */
export const everyRule = "a time such as 24h, 7d or 30m, from 10s to 9999d, or off";

/** Seconds of `24h`, `7d` and the like; `undefined` for anything else, and for less than ten. */
export function secondsOf(span: string): number | undefined {
  const [, number, unit] = /^(\d{1,4})([smhd])$/.exec(span) ?? [];
  if (number === undefined) return undefined;
  const seconds = Number(number) * { s: 1, m: 60, h: 3600, d: 86_400 }[unit as "s" | "m" | "h" | "d"];
  return seconds >= 10 ? seconds : undefined;
}
