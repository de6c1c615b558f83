import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { installDependencies, rootFlags } from "../lib/dependencies.mjs";
import { pinnedVersion } from "../lib/engines/release.ts";
import { figure, interleave, type Report, report, timed, valuesOf } from "./support/measure.ts";

interface Sample {
  bytes: number;
  files: number;
  seconds: number;
}

/** What npm installs for this project and its worker, against other durable engines with their SDKs. */
export async function run(rounds: number): Promise<Report> {
  const cache = mkdtempSync(join(tmpdir(), "install-cache-"));
  process.env.npm_config_cache = cache;
  process.env.npm_config_prefer_offline = "true";
  const sides = {
    ours: () => sample(installOurs),
    restate: () => sample((folder) => install(folder, peers("@restatedev/restate-server", "@restatedev/restate-sdk"))),
    dbos: () => sample((folder) => install(folder, peers("@dbos-inc/dbos-sdk"))),
    inngest: () => sample((folder) => install(folder, inngest())),
  };
  try {
    // Fills npm's cache.
    for (const side of Object.values(sides)) await side();
    const samples = await interleave("install", rounds, sides);
    const against = (name: string, peer: Sample[]) => {
      const row = (what: string, unit: string, key: keyof Sample) =>
        figure(`${what}, against ${name}`, unit, valuesOf(samples.ours, key), valuesOf(peer, key), rounds);
      return [row("size", "MB", "bytes"), row("files", "files", "files"), row("time", "s", "seconds")];
    };
    return report(
      "install",
      "What `npm start` has npm install in a fresh clone, the worker's dependencies included, from packages in npm's cache. Baselines: an " +
        "empty project with Restate's server and SDK, DBOS' SDK, or `inngest-cli` and Inngest's SDK. Restate's packages have its server. " +
        "Not counted are what comes from elsewhere: Pulumi's CLI with ours, the `inngest` binary with ours and with `inngest-cli`, and the " +
        "Postgres that DBOS needs.",
      [
        ...against("Restate", samples.restate),
        ...against("DBOS", samples.dbos),
        ...against("inngest-cli", samples.inngest),
      ],
    );
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}

async function sample(action: (folder: string) => Promise<void>): Promise<Sample> {
  const folder = mkdtempSync(join(tmpdir(), "install-"));
  try {
    const milliseconds = await timed(() => action(folder));
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const bytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
    return { bytes: bytes / 1e6, files: files.length, seconds: milliseconds / 1000 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function installOurs(folder: string): Promise<void> {
  for (const part of [".", "worker"]) {
    mkdirSync(join(folder, part), { recursive: true });
    for (const file of ["package.json", "package-lock.json"]) copyFileSync(join(part, file), join(folder, part, file));
    const failure = installDependencies(join(folder, part), part === "." ? { flags: rootFlags } : {});
    if (failure) throw new Error(failure);
  }
}

async function install(folder: string, packages: string[]): Promise<void> {
  // Without their scripts: what those fetch is counted for nobody.
  const flags = ["--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts"];
  await execa("npm", ["install", "--prefix", folder, ...flags, ...packages], { stdout: 2, stderr: 2 });
}

function peers(...names: string[]): string[] {
  const versions = dependenciesOf("bench/peers");
  return names.map((name) => `${name}@${versions[name]}`);
}

function inngest(): string[] {
  return [`inngest-cli@${pinnedVersion("inngest")}`, `inngest@${dependenciesOf("worker").inngest}`];
}

function dependenciesOf(folder: string): Record<string, string> {
  const { dependencies } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  return dependencies;
}
