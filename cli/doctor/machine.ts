import { existsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { passphraseFile, stateFolder } from "../../lib/host/paths.ts";
import { atLeast } from "../../lib/host/versions.ts";
import { ownBackend } from "../lib/pulumi-backend.ts";
import type { Pulumi } from "../lib/pulumi-cli.ts";
import { readable, roomAt } from "../lib/sizes.ts";
import { broken, type DoctorCheck, type DoctorOutcome, ok } from "./outcome.ts";

const require = createRequire(import.meta.url);

/** Bytes that are soon used up by an image or a download. */
const minDisk = 2 * 1024 ** 3;

/** What Pulumi's CLI says of itself, asked once for all checks. */
type About = ReturnType<Pulumi["about"]>;

/** What every stack needs of this machine. */
export function machineChecks(dataFolder: string, about: About): DoctorCheck[] {
  return [
    { id: "node", run: node },
    { id: "pulumi", run: () => cli(about) },
    { id: "backend", run: () => backend(about) },
    { id: "disk", run: () => disk(dataFolder) },
  ];
}

async function node(): Promise<DoctorOutcome> {
  const { engines } = require("../../package.json") as { engines: { node: string } };
  const oldest = engines.node.replace(/^>=/, "");
  const { node: version } = process.versions;
  if (atLeast(version, `${oldest}.0`)) return ok(`Node ${version}, from ${process.execPath}`);
  return broken(
    `Node ${version}, and the program needs ${oldest} for its types`,
    "install Node 24 from https://nodejs.org",
  );
}

async function cli(about: About): Promise<DoctorOutcome> {
  return ok(`Pulumi's CLI ${(await about).version}`);
}

async function backend(about: About): Promise<DoctorOutcome> {
  const { backend: url } = await about;
  const { PULUMI_CONFIG_PASSPHRASE_FILE: own } = ownBackend(process.env);
  if (own !== passphraseFile()) {
    const { PULUMI_CONFIG_PASSPHRASE_FILE: file } = process.env;
    if (file && !existsSync(file)) {
      return broken(
        `state is at ${url}, and PULUMI_CONFIG_PASSPHRASE_FILE names ${file}, which does not exist`,
        "unset it, or bring the file back",
      );
    }
    return ok(`state is at ${url}, with the passphrase of your environment`);
  }
  const forOthers = statSync(own).mode & 0o077;
  if (forOthers !== 0) return broken(`the passphrase is readable by others (${own})`, `chmod 600 ${own}`);
  return ok(`state is at ${url}, its passphrase in ${own}: back up both together with ${stateFolder()}`);
}

async function disk(folder: string): Promise<DoctorOutcome> {
  let nearest = folder;
  while (!existsSync(nearest)) nearest = dirname(nearest);
  const free = await roomAt(nearest);
  const seen = `${readable(free)} free at ${nearest}`;
  return free >= minDisk ? ok(seen) : broken(seen, "free some: a full disk corrupts queues and logs");
}
