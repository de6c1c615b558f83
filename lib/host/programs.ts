import { spawnSync } from "node:child_process";
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { engineBinary } from "../engines/release.ts";
import { Problem } from "../problem.ts";
import { run } from "../process.ts";
import type { Program } from "./spec.ts";
import { atLeast, oldestQueue } from "./versions.ts";

/** Absolute path of a program on this machine. @throws {Problem} when it is missing, or is another program */
export function locate(program: Program): string {
  switch (program.kind) {
    case "node":
      return ownNode();
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
    case "queue":
      return program.binary === undefined ? queueOnMachine() : givenQueue(program.binary);
  }
}

/** The Node that runs this, by its path in PATH where that leads to it: Homebrew and others delete a version's folder. */
function ownNode(): string {
  const named = onPath("node");
  return named && realpathSync(named) === realpathSync(process.execPath) ? named : process.execPath;
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

function queueOnMachine(): string {
  const found = ["valkey-server", "redis-server"].flatMap((name) => onPath(name) ?? []);
  const fitting = found.find(isQueue);
  if (fitting) return fitting;
  const old = found.map((path) => `${path} says ${JSON.stringify(queueVersion(path))}`);
  throw new Problem(
    `no program for a queue: \`queueBinary\` is not set, and PATH has no valkey-server or redis-server of ${oldestQueue} or newer` +
      (old.length > 0 ? ` (${old.join(", ")})` : ""),
    `${queueInstallation()?.join(" ") ?? "install Valkey (https://valkey.io/download)"}, or pulumi config set queueBinary /path/to/valkey-server`,
  );
}

function givenQueue(binary: string): string {
  const remedy = "pulumi config set queueBinary /path/to/valkey-server, or pulumi config rm queueBinary";
  if (!isExecutable(binary)) {
    throw new Problem(`\`queueBinary\` must be an executable file, got ${JSON.stringify(binary)}`, remedy);
  }
  if (isQueue(binary)) return binary;
  throw new Problem(
    `\`queueBinary\` must be Valkey, or Redis ${oldestQueue} or newer, and ${JSON.stringify(binary)} says ` +
      JSON.stringify(queueVersion(binary)),
    remedy,
  );
}

/** What the program says of itself: `Valkey server v=8.1.4 sha=00000000:0 ...`, or `Redis server v=7.0.15 ...`. */
function queueVersion(binary: string): string {
  const { stdout } = spawnSync(binary, ["--version"], { encoding: "utf8", timeout: versionTimeoutMs });
  return /^.*\bv=[\d.]+/.exec(stdout ?? "")?.[0] ?? "";
}

function isQueue(binary: string): boolean {
  const version = queueVersion(binary);
  return /^(Valkey|Redis) server v=/.test(version) && atLeast(version, oldestQueue);
}

/** The command that installs a program for a queue on this machine; `undefined` where no package manager has one. */
export function queueInstallation(): string[] | undefined {
  const asRoot = process.getuid?.() === 0 ? [] : ["sudo"];
  if (onPath("brew")) return ["brew", "install", "valkey"];
  if (onPath("apt-get")) {
    // Debian has Valkey from 13, Ubuntu from 24.04, and 22.04 a Redis that is too old.
    const name = ["valkey-server", "redis-server"].find((each) => atLeast(aptVersion(each), oldestQueue));
    return name === undefined ? undefined : [...asRoot, "apt", "install", name];
  }
  const [manager = "", ...args] = others.find(([name = ""]) => onPath(name)) ?? [];
  return manager ? [...asRoot, manager, ...args, "valkey"] : undefined;
}

const others = [
  ["dnf", "install"],
  ["pacman", "-S"],
  ["zypper", "install"],
  ["apk", "add"],
];

/** The version of a package that apt would install; empty where it has none. */
function aptVersion(name: string): string {
  const { stdout } = spawnSync("apt-cache", ["policy", name], {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C" },
  });
  return /Candidate: (?:\d+:)?(\S+)/.exec(stdout ?? "")?.[1] ?? "";
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
