import { isAbsolute, join } from "node:path";
import { pathToFileURL } from "node:url";
import { engineFolder } from "../host/paths.ts";
import { Problem } from "../problem.ts";
import lock from "./lock.json" with { type: "json" };

/** A program that is fetched from its vendor: Pulumi's CLI with its host for Node, or Inngest's server. */
export type EngineName = keyof typeof lock;

export const engineNames = Object.keys(lock) as EngineName[];

export const engineTitles: Record<EngineName, string> = { pulumi: "Pulumi's CLI", inngest: "the Inngest server" };

/** Folders around the program in the vendor's archive. */
const wrappers: Record<EngineName, number> = { pulumi: 1, inngest: 0 };

/**
 * An engine in one version for one platform.
 *
 * Addresses, names and the format of the lists are those of the vendors' own installers: for Pulumi `dist/install.sh` of
 * pulumi/get.pulumi.com, and `npm/lib/download.js` and `.goreleaser.yml` of pulumi/pulumi; for Inngest `postinstall.js`
 * of its npm package inngest-cli, and `install.sh` and `.goreleaser.yml` of inngest/inngest.
 */
export interface Release {
  name: EngineName;
  version: string;
  /** The archive's name. */
  file: string;
  /** Name of the vendor's list of checksums, next to the archive. */
  checksums: string;
  /** Of the archive, as the lock file has it. */
  sha256: string | undefined;
  /** Addresses of folders that have archive and list, in the order in which they are tried. */
  sources: URL[];
  /** How many of the folders in the archive are left out. */
  strip: number;
  /** Where it is put. */
  folder: string;
  binary: string;
}

/** The version that this project is tested with. */
export function pinnedVersion(name: EngineName): string {
  return lock[name].version;
}

/** Those that the vendor has a build for. */
export function platforms(name: EngineName): string[] {
  return Object.keys(lock[name].archives);
}

/** Where a fetched engine's program is, or would be. */
export function engineBinary(name: EngineName, version = pinnedVersion(name)): string {
  return join(engineFolder(name, version), name);
}

/**
 * @param version @default the pinned one
 * @param platform such as `linux-x64`. @default this machine's
 * @throws {Problem} when the vendor has none for the platform, or INNGEST_LOCAL_MIRROR is wrong
 */
export function releaseOf(
  name: EngineName,
  version = pinnedVersion(name),
  platform = `${process.platform}-${process.arch}`,
): Release {
  const { source, fallback, checksums, archives } = locked(name, version);
  const archive = archives[platform];
  if (!archive) {
    throw new Problem(
      `${engineTitles[name]} has no build for ${platform}: there are ${platforms(name).join(", ")}`,
      name === "pulumi" ? "put `pulumi` on PATH" : "pulumi config set serverBinary /path/to/inngest",
    );
  }
  return {
    name,
    version,
    file: archive.file,
    checksums,
    sha256: archive.sha256 ?? undefined,
    sources: mirrorOf(name, version) ?? [new URL(source), new URL(fallback)],
    strip: wrappers[name],
    folder: engineFolder(name, version),
    binary: engineBinary(name, version),
  };
}

interface LockedEngine {
  version: string;
  source: string;
  fallback: string;
  checksums: string;
  archives: Record<string, { file: string; sha256: string | null }>;
}

/** The lock file's entry; for a version that it does not have, the same names and addresses without checksums. */
function locked(name: EngineName, version: string): LockedEngine {
  const entry: LockedEngine = lock[name];
  if (version === entry.version) return entry;
  return JSON.parse(JSON.stringify(entry), (key, value) => {
    if (key === "sha256") return null;
    return typeof value === "string" ? value.replaceAll(entry.version, version) : value;
  });
}

/** A mirror takes the place of the vendor, also where it lacks something: a machine that has one reaches nothing else. */
function mirrorOf(name: EngineName, version: string): URL[] | undefined {
  const { INNGEST_LOCAL_MIRROR: mirror } = process.env;
  if (!mirror) return undefined;
  const folder = isAbsolute(mirror) ? pathToFileURL(mirror).href : mirror;
  const url = URL.canParse(folder) ? new URL(folder) : undefined;
  if (!url || !/^(https?|file):$/.test(url.protocol) || url.username || url.password || url.search) {
    // Its value may have a password.
    throw new Problem(
      "INNGEST_LOCAL_MIRROR must be an absolute folder, or an http or https address without a login or a query",
      "set it to one, or unset it: docs/engines.md",
    );
  }
  return [new URL(`${url.href.replace(/\/$/, "")}/${name}/${version}/`)];
}
