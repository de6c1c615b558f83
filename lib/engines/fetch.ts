import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { withLock } from "../host/lock.ts";
import { Problem } from "../problem.ts";
import { type CommandFailed, run } from "../process.ts";
import { type DownloadOptions, download, downloadText, NotGiven, sizeOf } from "./download.ts";
import { Progress } from "./progress.ts";
import { type EngineName, engineBinary, engineTitles, type Release, releaseOf } from "./release.ts";

/** A clone waits this long for another one that fetches the same engine, in seconds. */
const maxWaitSeconds = 3600;

/**
 * Fetches an engine where this user does not have it yet: into one folder a version, which is there whole or not at all.
 * A download that was stopped goes on.
 *
 * @returns its program's path
 * @throws {Problem} when it cannot be had, cannot be checked, or does not run here
 */
export async function fetchEngine(
  name: EngineName,
  version?: string,
  options: Pick<DownloadOptions, "stallMs"> = {},
): Promise<string> {
  const binary = engineBinary(name, version);
  if (existsSync(binary)) return binary;
  const release = releaseOf(name, version);
  await withLock(
    `engine-${name}`,
    async () => {
      if (!existsSync(binary)) await fetchRelease(release, options);
    },
    maxWaitSeconds,
  );
  return binary;
}

async function fetchRelease(release: Release, options: DownloadOptions): Promise<void> {
  const expected = release.sha256 ?? (await listedChecksum(release, options));
  const folder = dirname(release.folder);
  // Its name has the content that it is a part of, so that it never grows into a mixture of two.
  const part = `${release.folder}.${expected.slice(0, 16)}.part`;
  try {
    mkdirSync(folder, { recursive: true });
    await fetchArchive(release, part, expected, options);
    await unpack(release, part);
    rmSync(part);
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    if (code !== "ENOSPC" && code !== "EDQUOT") {
      throw new Problem(`${titleOf(release)} cannot be written into ${folder} (${code})`, "make it a folder of yours");
    }
    rmSync(part, { force: true });
    throw new Problem(
      `no room on the disk of ${folder} for ${titleOf(release)}`,
      "free 1 GB there, and run this again",
    );
  }
}

async function fetchArchive(release: Release, part: string, expected: string, options: DownloadOptions) {
  const progress = new Progress(titleOf(release));
  const resumed = sizeOf(part) > 0;
  const onProgress = (bytes: number, total: number | undefined) => progress.at(bytes, total);
  const source = await firstOf(release, release.file, (address) =>
    download(address, part, { ...options, onProgress }),
  ).finally(() => progress.end());
  const got = await sha256Of(part);
  if (got === expected) {
    if (!release.sha256) {
      process.stderr.write(`${release.file}: checked against the vendor's list, not against this repository's.\n`);
    }
    return;
  }
  const size = sizeOf(part);
  rmSync(part);
  // What an earlier run has left may be what is wrong.
  if (resumed) return await fetchArchive(release, part, expected, options);
  throw new Problem(
    `${shown(source.address)} is not what it should be: its SHA-256 is ${got} (${size} bytes), and ` +
      `${release.sha256 ? "this repository" : "the vendor's list"} says ${expected}`,
    "run this again; if it stays so, something on the way, or the mirror, has changed the file",
  );
}

/**
 * Checksum of the archive in the vendor's list.
 *
 * @throws {Problem} when there is no list, or it has none
 */
export async function listedChecksum(release: Release, options: DownloadOptions = {}): Promise<string> {
  const { value } = await firstOf(release, release.checksums, async (list) => {
    const checksum = checksumIn(await downloadText(list, options), release.file);
    if (checksum) return checksum;
    // A vendor may answer with a page of its own where it has no such file.
    throw new NotGiven(`has no SHA-256 of ${release.file}, and nothing is used unchecked`);
  });
  return value;
}

/** The SHA-256 of a file in a list of lines as `sha256sum` writes them. */
function checksumIn(list: string, file: string): string | undefined {
  const lines = list.split("\n").map((line) => line.trim().split(/\s+\*?/));
  return lines.find(([sum = "", name]) => name === file && /^[0-9a-f]{64}$/.test(sum))?.[0];
}

/**
 * Asks one source after the other.
 *
 * @throws {Problem} when none gives the file
 */
async function firstOf<T>(release: Release, file: string, ask: (address: URL) => Promise<T>) {
  const reasons: string[] = [];
  for (const source of release.sources) {
    const address = new URL(file, source);
    try {
      return { address, value: await ask(address) };
    } catch (error) {
      if (!(error instanceof NotGiven)) throw error;
      reasons.push(`${shown(address)}: ${error.message}`);
    }
  }
  throw new Problem(
    `${titleOf(release)} is not on this machine and cannot be fetched (${reasons.join("; ")})`,
    `run this again with a network, and it goes on; or without one: ${byHand(release)}; or docs/engines.md`,
  );
}

/** What a person does with an archive brought from elsewhere. */
function byHand({ file, folder, strip }: Release): string {
  const flags = strip > 0 ? `--strip-components=${strip} ` : "";
  return `bring ${file} here, and mkdir -p '${folder}' && tar -xzf ${file} ${flags}-C '${folder}'`;
}

/** Unpacks next to the destination and renames, so that an existing folder is always complete. */
async function unpack(release: Release, archive: string): Promise<void> {
  const draft = `${release.folder}.draft`;
  rmSync(draft, { recursive: true, force: true });
  try {
    mkdirSync(draft);
    const { extract } = await import("tar");
    await extract({ file: archive, cwd: draft, strip: release.strip, filter: isNeeded });
    await checkRuns(release, `${draft}/${release.name}`);
    rmSync(release.folder, { recursive: true, force: true });
    renameSync(draft, release.folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Pulumi's archive has the hosts of all its languages, several hundred megabytes. */
function isNeeded(path: string): boolean {
  const name = basename(path);
  return !name.startsWith("pulumi-") || name.includes("nodejs");
}

async function checkRuns(release: Release, binary: string): Promise<void> {
  // Without these variables the programs ask their vendors for news.
  const env = { DO_NOT_TRACK: "1", PULUMI_SKIP_UPDATE_CHECK: "true" };
  const said = await run(binary, ["version"], { timeout: 60_000, env }).catch(({ reason }: CommandFailed) => reason);
  if (said.includes(release.version)) return;
  throw new Problem(
    `${release.file} does not run on this machine as ${titleOf(release)}: \`version\` says ${JSON.stringify(said)}`,
    release.name === "pulumi" ? "put `pulumi` on PATH" : "pulumi config set serverBinary /path/to/inngest",
  );
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

function titleOf({ name, version }: Release): string {
  return `${engineTitles[name]} ${version}`;
}

function shown(address: URL): string {
  return address.protocol === "file:" ? fileURLToPath(address) : address.href;
}
