import { StackParts } from "../../../lib/places/places.ts";
import { type CommandFailed, run } from "../../../lib/process.ts";
import type { Settings } from "../../../lib/settings/settings.ts";

/** Lines of a log that say why a part does not start. */
const lines = 15;

/** Prints the end of the log of each failed part. What fails on the host has its log in the error already. */
export async function printLogs(settings: Settings, failed: readonly string[]): Promise<void> {
  const parts = new StackParts(settings);
  for (const part of parts.all.filter(({ name, place }) => place !== "host" && failed.includes(name))) {
    const [program, ...args] = (await parts.placeOf(part).logs(part, { lines, follow: false })) ?? [];
    if (program === undefined) continue;
    const log = await run(program, args).catch((error: CommandFailed) => error.stderr);
    console.log(`\nThe log of the ${part.name} (${[program, ...args].join(" ")}) ends with:\n${log}`);
  }
}
