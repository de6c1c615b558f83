import { inngestVersion, locate } from "../../lib/host/programs.ts";
import { atLeast, oldestServer } from "../../lib/host/versions.ts";
import { Problem } from "../../lib/problem.ts";
import { type CommandFailed, run } from "../../lib/process.ts";
import { UsageProblem } from "../lib/command.ts";
import { execa } from "../lib/execa.ts";

/** The number in `v1.43.0`, `1.43.0-253303cdff` and the like. */
export function numberOf(version: string): string {
  return /\d+\.\d+\.\d+/.exec(version)?.[0] ?? version;
}

/** @throws {UsageProblem} when the server cannot be upgraded to that version */
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

/** An image reference with another version in its tag. @throws {UsageProblem} when its tag has none */
export function imageAt(image: string, version: string): string {
  const [, name, tag] = /^(.+):(v?\d+\.\d+\.\d+)[^/:@]*$/.exec(image) ?? [];
  if (name === undefined || tag === undefined) {
    throw new UsageProblem(
      `\`serverImage\` must have the server's version in its tag, got ${image}`,
      "--image with the new one",
    );
  }
  return `${name}:${tag.startsWith("v") ? "v" : ""}${version}`;
}

/**
 * Pulls an image where it is missing, and checks the version of its server.
 *
 * @throws {Problem} when it cannot be pulled, or has another version
 */
export async function bringImage(image: string, version: string, context: string | undefined): Promise<void> {
  const onEngine = context ? ["--context", context] : [];
  const isHere = await run("docker", [...onEngine, "image", "inspect", image]).then(
    () => true,
    () => false,
  );
  if (!isHere) {
    // Docker checks what it pulls against the digests of the manifest.
    const pull = await execa("docker", [...onEngine, "pull", image], { reject: false, stdout: "inherit" });
    const reason = pull.stderr?.trim().split("\n").at(-1);
    if (pull.exitCode !== 0) throw new Problem(`the image ${image} cannot be pulled (${reason})`);
  }
  // A server that does not run at all has no version either.
  const reported = await run("docker", [...onEngine, "run", "--rm", "--entrypoint", "inngest", image, "version"]).catch(
    ({ stdout }: CommandFailed) => stdout,
  );
  expectVersion(image, reported, version);
}

/** @throws {Problem} when the binary is not a server of that version */
export async function checkBinary(binary: string, version: string): Promise<void> {
  expectVersion(binary, await inngestVersion(locate({ kind: "inngest", binary })), version);
}

/** @throws {Problem} when a server reports another version than it should have */
export function expectVersion(what: string, reported: string, version: string): void {
  if (numberOf(reported) === version) return;
  throw new Problem(`${what} must be the server ${version}, and it says ${JSON.stringify(reported.trim())}`);
}
