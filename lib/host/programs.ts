import { execFile, spawnSync } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import { Problem } from "../problem.ts";
import type { Program } from "./spec.ts";

/** Absolute path of a program on this machine. Throws {@link Problem} when it is missing or another program. */
export function locate(program: Program): string {
  switch (program.kind) {
    case "node":
      // The Node that runs this script: every npm script pins it by the npm package `node`.
      return process.execPath;
    case "bun": {
      const bun = onPath("bun");
      if (bun) return bun;
      throw new Problem(
        "`runtime` is bun, and no `bun` is on PATH",
        "install Bun (https://bun.sh), or pulumi config set runtime node",
      );
    }
    case "inngest":
      return program.binary === undefined ? inngestOnMachine() : givenInngest(program.binary);
  }
}

function inngestOnMachine(): string {
  const binary = onPath("inngest") ?? downloadedInngest();
  if (binary) return binary;
  throw new Problem(
    "no `inngest` binary: `serverBinary` is not set, PATH has none, and the npm package inngest-cli is not installed " +
      "(it downloads the binary at install)",
    "npm install, or pulumi config set serverBinary /path/to/inngest",
  );
}

function givenInngest(binary: string): string {
  const remedy = "pulumi config set serverBinary /path/to/inngest, or pulumi config rm serverBinary";
  if (!isExecutable(binary)) {
    throw new Problem(`\`serverBinary\` must be an executable file, got ${JSON.stringify(binary)}`, remedy);
  }
  if (!answersLikeInngest(binary)) {
    throw new Problem(
      `\`serverBinary\` must be the Inngest binary, and ${JSON.stringify(binary)} does not answer \`version\` like it`,
      remedy,
    );
  }
  return binary;
}

export function onPath(name: string, folders = (process.env.PATH ?? "").split(delimiter)): string | undefined {
  return (
    folders
      // A relative entry means another program in every folder, and none at all to a supervisor.
      .filter(isAbsolute)
      .map((folder) => join(folder, name))
      .find(isExecutable)
  );
}

/** The binary of the npm package inngest-cli; a script stands in its place until its download has succeeded. */
function downloadedInngest(): string | undefined {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve("inngest-cli/package.json"));
    const binary = join(folder, "bin", "inngest");
    return isExecutable(binary) && answersLikeInngest(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

/** What an Inngest binary says of its version, such as `1.43.0-253303cdff`. Throws what Node does where it cannot run. */
export async function inngestVersion(binary: string): Promise<string> {
  const { stdout } = await promisify(execFile)(binary, ["version"], askingVersion());
  return stdout.trim();
}

function answersLikeInngest(binary: string): boolean {
  const { status, stdout } = spawnSync(binary, ["version"], askingVersion());
  return status === 0 && /^v?\d+\.\d+\.\d+/.test(stdout.trim());
}

/**
 * Without that variable the binary tells the network that it ran, and waits for it: 3.5 s where no answer comes (1.43.0,
 * measured).
 */
function askingVersion() {
  return { encoding: "utf8", timeout: 10_000, env: { ...process.env, DO_NOT_TRACK: "1" } } as const;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
