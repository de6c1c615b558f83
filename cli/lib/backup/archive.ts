import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { create, extract, list } from "tar";
import { type Counts, readHistory } from "../../../lib/data/history.ts";
import { readDump } from "../../../lib/data/history-dump.ts";
import { readSnapshot } from "../../../lib/data/rdb.ts";
import { Problem } from "../../../lib/problem.ts";

/** What a backup says about itself, in its `manifest.json`. */
export interface Manifest {
  format: "inngest-local backup";
  version: 1;
  stack: string;
  tier: string;
  /** When it was taken, ISO 8601. */
  takenAt: string;
  serverVersion: string;
  /** Rows of the history, by table. */
  counts: Counts;
  /** Runs that had not ended then. */
  unfinished: number;
  /** The queue; absent where it was in the server's memory, so that runs in flight are not in the backup. */
  queue?: { keys: number; redisVersion: string };
  /** Every other file in the archive. */
  files: Record<string, { bytes: number; sha256: string }>;
}

/** Names of the files that a backup may have. Below `worker/` is what a worker on the host keeps for its runs. */
const known = /^(manifest\.json|history\.db|history\.sql|queue\.rdb|state\.json|settings\.yaml|worker\/.+)$/;

/** Packs a folder into an archive, and reads that again: every file must come out as it went in. */
export async function pack(folder: string, about: Omit<Manifest, "format" | "version" | "files">, archive: string) {
  const files = await sumsOf(folder);
  const manifest: Manifest = { format: "inngest-local backup", version: 1, ...about, files };
  writeFileSync(join(folder, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
  await create({ file: archive, cwd: folder, gzip: true, portable: true, mode: 0o600 }, [
    "manifest.json",
    ...Object.keys(files),
  ]);
  const { "manifest.json": _, ...packed } = await sumsIn(archive);
  const different = differences(files, packed);
  if (different.length > 0) throw new Problem(`the backup is not as it was written: ${different.join(", ")}`);
}

/**
 * Unpacks a backup into a folder and checks it: every file against its checksum, the history with SQLite, the queue
 * against Redis' own checksum, and both against what was counted when they were taken.
 *
 * @throws {Problem} when the backup cannot be used
 */
export async function unpack(archive: string, folder: string): Promise<Manifest> {
  if (!statSync(archive, { throwIfNoEntry: false })?.isFile()) {
    throw new Problem(`FILE must be a backup, and there is no file ${archive}`);
  }
  const refuse = (reason: string): never => {
    throw new Problem(`${archive} is not a good backup: ${reason}. Nothing was changed`, "use another one");
  };
  if (!isGzip(archive)) refuse("it is not a gzipped tar archive");
  try {
    await extract({
      file: archive,
      cwd: folder,
      strict: true,
      preserveOwner: false,
      filter: (path) => known.test(path),
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOSPC") throw new Problem(`no space is left in ${folder} to unpack ${archive}. Nothing was changed`);
    return refuse(reasonOf(message));
  }
  const manifest = manifestIn(folder) ?? refuse("it has no manifest.json of this project");
  if (manifest.version !== 1) refuse(`its format is ${manifest.version}, and this version only reads 1`);
  const different = differences(manifest.files, await sumsOf(folder));
  if (different.length > 0) refuse(different.join(", "));
  if (JSON.stringify(await countsIn(folder, refuse)) !== JSON.stringify(manifest.counts)) {
    refuse("its history does not have the rows that its manifest lists");
  }
  if (manifest.queue) {
    const snapshot = await readSnapshot(join(folder, "queue.rdb")).catch((error: Error) =>
      refuse(`its queue: ${error.message}`),
    );
    if (snapshot.keys !== manifest.queue.keys) refuse("its queue does not have the keys that its manifest lists");
  }
  return manifest;
}

/** Whether a backup's history is from Postgres. */
export function isOfPostgres({ files }: Manifest): boolean {
  return "history.sql" in files;
}

async function countsIn(folder: string, refuse: (reason: string) => never): Promise<Counts> {
  const dump = join(folder, "history.sql");
  try {
    return existsSync(dump) ? await readDump(dump) : readHistory(join(folder, "history.db")).counts;
  } catch (error) {
    return refuse(`its history: ${(error as Error).message}`);
  }
}

function manifestIn(folder: string): Manifest | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as Manifest;
    return manifest.format === "inngest-local backup" ? manifest : undefined;
  } catch {
    return undefined;
  }
}

function isGzip(file: string): boolean {
  const start = Buffer.alloc(2);
  const descriptor = openSync(file, "r");
  readSync(descriptor, start);
  closeSync(descriptor);
  return start.readUInt16BE() === 0x1f8b;
}

function reasonOf(message: string): string {
  if (/unexpected end|Truncated/i.test(message)) return "it is cut off";
  return `it is damaged (${message.replace(/^.*?: /, "")})`;
}

function differences(expected: Manifest["files"], found: Manifest["files"]): string[] {
  return [...new Set([...Object.keys(expected), ...Object.keys(found)])].flatMap((file) => {
    if (!found[file]) return [`${file} is missing`];
    if (!expected[file]) return [`${file} does not belong in it`];
    return found[file].sha256 === expected[file].sha256 ? [] : [`${file} has changed`];
  });
}

/** Checksums of the files in a folder that a backup may have, except for its manifest. */
async function sumsOf(folder: string): Promise<Manifest["files"]> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((name) => known.test(name) && name !== "manifest.json")
    .sort();
  const sums: Manifest["files"] = {};
  for (const name of names) sums[name] = await sumOf(createReadStream(join(folder, name)));
  return sums;
}

async function sumOf(content: AsyncIterable<Buffer>): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of content) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** Checksums of the files in an archive, without unpacking it. */
async function sumsIn(archive: string): Promise<Manifest["files"]> {
  const sums: Manifest["files"] = {};
  const reading: Promise<void>[] = [];
  await list({
    file: archive,
    strict: true,
    onReadEntry(entry) {
      const read = async () => {
        sums[entry.path] = await sumOf(entry);
      };
      reading.push(read());
    },
  });
  await Promise.all(reading);
  return sums;
}
