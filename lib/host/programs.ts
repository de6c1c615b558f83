import { spawnSync } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { engineBinary } from "../engines/release.ts";
import { Problem } from "../problem.ts";
import { run } from "../process.ts";
import type { Program } from "./spec.ts";

/** Absolute path of a program on this machine. @throws {Problem} when it is missing, or is another program */
export function locate(program: Program): string {
  switch (program.kind) {
    case "node":
      // The Node that runs this: the npm package `node` pins it.
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
  const binary = installedInngest();
  if (binary) return binary;
  throw new Problem(
    `no \`inngest\` binary: \`serverBinary\` is not set, and neither PATH nor ${engineBinary("inngest")} has one`,
    "npm start, which fetches it, or pulumi config set serverBinary /path/to/inngest",
  );
}

/** The server's binary on PATH, else the one that was fetched. */
export function installedInngest(): string | undefined {
  const binary = onPath("inngest");
  // npm's package inngest-cli is a script until its own download has succeeded.
  if (binary && isInngest(binary)) return binary;
  return isExecutable(engineBinary("inngest")) ? engineBinary("inngest") : undefined;
}

function givenInngest(binary: string): string {
  const remedy = "pulumi config set serverBinary /path/to/inngest, or pulumi config rm serverBinary";
  if (!isExecutable(binary)) {
    throw new Problem(`\`serverBinary\` must be an executable file, got ${JSON.stringify(binary)}`, remedy);
  }
  if (!isInngest(binary)) {
    throw new Problem(
      `\`serverBinary\` must be the Inngest binary, and ${JSON.stringify(binary)} does not answer \`version\` like it`,
      remedy,
    );
  }
  return binary;
}

/** Absolute path of an executable in the folders of PATH; `undefined` when there is none. */
export function onPath(name: string, folders = (process.env.PATH ?? "").split(delimiter)): string | undefined {
  return (
    folders
      // A relative entry depends on the working directory, which a supervisor does not share.
      .filter(isAbsolute)
      .map((folder) => join(folder, name))
      .find(isExecutable)
  );
}

/** Version of an Inngest binary, such as `1.43.0-253303cdff`. @throws {CommandFailed} when it cannot be run */
export function inngestVersion(binary: string): Promise<string> {
  return run(binary, ["version"], { timeout: versionTimeoutMs, env: withoutTracking });
}

function isInngest(binary: string): boolean {
  const env = { ...process.env, ...withoutTracking };
  const { status, stdout } = spawnSync(binary, ["version"], { encoding: "utf8", timeout: versionTimeoutMs, env });
  return status === 0 && /^v?\d+\.\d+\.\d+/.test(stdout.trim());
}

/** Without it the binary reports its use and waits for an answer: docs/measurements.md#version-of-the-server. */
const withoutTracking = { DO_NOT_TRACK: "1" };
const versionTimeoutMs = 10_000;

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
