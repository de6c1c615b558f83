import { existsSync, statSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { passphraseFile, stateFolder } from "../../lib/host/paths.ts";
import { atLeast } from "../../lib/host/versions.ts";
import { Problem } from "../../lib/problem.ts";
import { ownBackend } from "../lib/pulumi-backend.ts";
import { Pulumi } from "../lib/pulumi-cli.ts";
import { broken, brokenBy, type DoctorCheck, ok, warning } from "./outcome.ts";

const require = createRequire(import.meta.url);

const gigabyte = 1024 ** 3;
/** Less free disk than this is soon none: an image and a download fill it. */
const leastDisk = 2 * gigabyte;

/** What every stack needs of this machine. */
export function machineChecks(folder: string): DoctorCheck[] {
  return [
    { id: "node", run: node },
    { id: "pulumi", run: pulumi },
    { id: "backend", run: backend },
    { id: "disk", run: () => disk(folder) },
  ];
}

async function node() {
  const { engines } = require("../../package.json") as { engines: { node: string } };
  const least = engines.node.replace(/^>=/, "");
  const { node: version } = process.versions;
  if (atLeast(version, `${least}.0`)) return ok(`Node ${version}, from ${process.execPath}`);
  return broken(`Node ${version}, and the program needs ${least} for its types`, "npm ci, which brings the right one");
}

async function pulumi() {
  try {
    const { version } = await (await Pulumi.find()).about();
    const { version: pinned } = require("pulumi/package.json") as { version: string };
    if (atLeast(version, pinned)) return ok(`Pulumi's CLI ${version}`);
    return warning(`Pulumi's CLI ${version}, older than ${pinned}, which this project is tested with`, "npm ci");
  } catch (error) {
    if (error instanceof Problem) return brokenBy(error.message);
    throw error;
  }
}

async function backend() {
  const { backend: url } = await (await Pulumi.find()).about();
  const { PULUMI_CONFIG_PASSPHRASE_FILE: own } = ownBackend(process.env);
  if (own !== passphraseFile()) {
    const { PULUMI_CONFIG_PASSPHRASE_FILE: file } = process.env;
    if (file && !existsSync(file)) {
      return broken(
        `state is at ${url}, and PULUMI_CONFIG_PASSPHRASE_FILE names ${file}, which is not there`,
        `unset it, or bring the file back`,
      );
    }
    return ok(`state is at ${url}, with the passphrase of your environment`);
  }
  const open = statSync(own).mode & 0o077;
  if (open !== 0) return broken(`the passphrase is readable by others (${own})`, `chmod 600 ${own}`);
  return ok(`state is at ${url}, its passphrase in ${own}: back up both together with ${stateFolder()}`);
}

async function disk(folder: string) {
  let place = folder;
  while (!existsSync(place)) place = dirname(place);
  const { bavail, bsize } = await statfs(place);
  const free = bavail * bsize;
  const seen = `${(free / gigabyte).toFixed(1)} GiB free at ${place}`;
  return free >= leastDisk ? ok(seen) : broken(seen, "free some: a full disk corrupts queues and logs");
}
