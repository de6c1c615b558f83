import { readFileSync, writeFileSync } from "node:fs";
import { fetchEngine, listedChecksum } from "../lib/engines/fetch.ts";
import { type EngineName, engineNames, platforms, releaseOf } from "../lib/engines/release.ts";
import { installedInngest } from "../lib/host/programs.ts";
import { Problem } from "../lib/problem.ts";
import { defineCommand, runCommand, UsageProblem } from "./lib/command.ts";
import { findBinary } from "./lib/pulumi-backend.ts";

const command = defineCommand("engines", "Pulumi's CLI and the Inngest server, which are fetched from their vendors.")
  .addHelpText("afterAll", "\nExample: npm run engines -- fetch")
  .action(() => command.outputHelp());
command
  .command("fetch [engine] [version]")
  .description("Fetches what this machine lacks, or one engine, pulumi or inngest, in a version. Prints their paths.")
  .action(fetchThem);
command
  .command("lock")
  .description("Writes the vendors' checksums into the lock file. Refuses one that has changed.")
  .option("--file <path>", "the lock file", "lib/engines/lock.json")
  .action(lock);

/** Finds an engine where the other commands do. */
const find: Record<EngineName, () => Promise<string>> = {
  pulumi: findBinary,
  inngest: async () => installedInngest() ?? (await fetchEngine("inngest")),
};

async function fetchThem(engine?: string, version?: string): Promise<void> {
  const names = engineNames.filter((name) => engine === undefined || engine === name);
  if (names.length === 0) {
    throw new UsageProblem(`the engine must be ${engineNames.join(" or ")}, got ${JSON.stringify(engine)}`);
  }
  if (version !== undefined && !/^\d+\.\d+\.\d+$/.test(version)) {
    throw new UsageProblem(`the version must be one such as 1.43.0, got ${JSON.stringify(version)}`);
  }
  for (const name of names) console.log(await (version ? fetchEngine(name, version) : find[name]()));
}

async function lock({ file }: { file: string }): Promise<void> {
  const filled = JSON.parse(readFileSync(file, "utf8")) as Record<
    EngineName,
    { archives: Record<string, { sha256: string | null }> }
  >;
  for (const name of engineNames) {
    for (const platform of platforms(name)) {
      const release = releaseOf(name, undefined, platform);
      const archive = filled[name].archives[platform] as { sha256: string | null };
      const sha256 = await listedChecksum(release);
      if (archive.sha256 && archive.sha256 !== sha256) {
        throw new Problem(
          `the vendor's list says ${sha256} for ${release.file}, and the lock file ${archive.sha256}`,
          "find out why a published file has changed before you use it",
        );
      }
      archive.sha256 = sha256;
      console.log(`${sha256}  ${release.file}`);
    }
  }
  writeFileSync(file, `${JSON.stringify(filled, null, 2)}\n`);
}

await runCommand(command);
