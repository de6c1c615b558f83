import { join } from "node:path";
import { execa } from "execa";
import { programFolder } from "../../lib/host/paths.ts";
import { inngestVersion, locate } from "../../lib/host/programs.ts";
import { atLeast, oldestServer } from "../../lib/host/versions.ts";
import { Problem } from "../../lib/problem.ts";
import { UsageProblem } from "../lib/command.ts";

/** The number in `v1.43.0`, `1.43.0-253303cdff` and the like. */
export function numberOf(version: string): string {
  return /\d+\.\d+\.\d+/.exec(version)?.[0] ?? version;
}

/** Throws {@link UsageProblem} for a version that cannot be gone to. */
export function checkVersion(from: string, to: string): void {
  if (!/^\d+\.\d+\.\d+$/.test(to)) {
    throw new UsageProblem(`--to must be a version such as ${numberOf(from)}, got ${JSON.stringify(to)}`);
  }
  if (!atLeast(to, oldestServer)) {
    throw new UsageProblem(`--to must be ${oldestServer} or newer, the first that lists its apps, got ${to}`);
  }
  if (numberOf(from) !== to && atLeast(from, to)) {
    throw new UsageProblem(
      `--to must not be older than the server, which is ${numberOf(from)}: its database only goes forward`,
      "npm run restore with a backup of that version",
    );
  }
}

/** An image reference with another version in its tag. */
export function imageAt(image: string, version: string): string {
  const [, name, tag] = /^(.+):(v?\d+\.\d+\.\d+)[^/:@]*$/.exec(image) ?? [];
  if (name === undefined || tag === undefined) {
    throw new UsageProblem(
      `\`serverImage\` must have the server's version in its tag, got ${image}`,
      `--image with the new one`,
    );
  }
  return `${name}:${tag.startsWith("v") ? "v" : ""}${version}`;
}

/** Brings an image, and checks that its server has that version. */
export async function bringImage(image: string, version: string, context: string | undefined): Promise<void> {
  const docker = ["docker", ...(context ? ["--context", context] : [])];
  const there = await execa({ reject: false })`${docker} image inspect ${image}`;
  if (there.exitCode !== 0) {
    // Docker checks what it pulls against the digests of the manifest.
    const pulled = await execa({ reject: false, stdout: "inherit" })`${docker} pull ${image}`;
    if (pulled.exitCode !== 0) throw new Problem(`the image ${image} cannot be pulled (${lastLine(pulled.stderr)})`);
  }
  const { stdout } = await execa({ reject: false })`${docker} run --rm --entrypoint inngest ${image} version`;
  expectVersion(image, stdout, version);
}

/** The binary that npm's inngest-cli of that version downloads, in a folder of its own. */
export async function bringBinary(version: string): Promise<string> {
  const folder = programFolder(`inngest-${version}`);
  // npm checks the package against its registry's checksum; the package downloads the binary.
  const install = [
    "install",
    "--prefix",
    folder,
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    `inngest-cli@${version}`,
  ];
  const { exitCode, stderr } = await execa("npm", install, { reject: false });
  if (exitCode !== 0) {
    throw new Problem(`npm cannot install inngest-cli ${version} (${lastLine(stderr)})`, `--binary /path/to/inngest`);
  }
  return join(folder, "node_modules", "inngest-cli", "bin", "inngest");
}

/** Throws {@link Problem} for a binary that is no server, or one of another version. */
export async function checkBinary(binary: string, version: string): Promise<void> {
  expectVersion(binary, await inngestVersion(locate({ kind: "inngest", binary })), version);
}

/** Throws {@link Problem} for a server that says that it is another one. */
export function expectVersion(what: string, says: string, version: string): void {
  if (numberOf(says) === version) return;
  throw new Problem(`${what} must be the server ${version}, and it says ${JSON.stringify(says.trim())}`);
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) as string;
}
