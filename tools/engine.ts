import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { findBinary } from "../cli/lib/pulumi-backend.ts";
import { Pulumi } from "../cli/lib/pulumi-cli.ts";
import { fetchEngine } from "../lib/engines/fetch.ts";
import { type EngineName, engineBinary } from "../lib/engines/release.ts";
import { installedInngest, onPath } from "../lib/host/programs.ts";
import { ensureImages } from "./stand-in-images.ts";

/** Parts of the real engine that a suite may need. */
export type Part = "pulumi" | "inngest" | "docker" | "redis";

const checks: Record<Part, () => Promise<string | undefined>> = { pulumi, inngest, docker, redis };

/** Why a suite cannot run here, or `undefined`. */
export async function missing(...parts: Part[]): Promise<string | undefined> {
  for (const part of parts) {
    const reason = await checks[part]();
    if (reason) return reason;
  }
  return undefined;
}

/** A suite's title, with the reason behind it when it is skipped. */
export function title(name: string, reason: string | undefined): string {
  return reason ? `${name} (skipped: ${reason})` : name;
}

/** Suites have homes of their own, which lack what was fetched into this one. */
function putOnPath(name: EngineName, binary: string): void {
  if (binary === engineBinary(name)) process.env.PATH = `${dirname(binary)}${delimiter}${process.env.PATH}`;
}

async function pulumi(): Promise<string | undefined> {
  let cli: Pulumi;
  try {
    putOnPath("pulumi", await findBinary());
    cli = await Pulumi.find();
  } catch {
    return "no Pulumi CLI, and it cannot be fetched here";
  }
  const require = createRequire(import.meta.url);
  const plugins = join(process.env.PULUMI_HOME ?? join(homedir(), ".pulumi"), "plugins");
  for (const name of ["command", "random", "docker", "kubernetes"]) {
    const { version } = require(`@pulumi/${name}/package.json`) as { version: string };
    if (existsSync(join(plugins, `resource-${name}-v${version}`))) continue;
    const { exitCode } = await cli.capture(["plugin", "install", "resource", name, version]);
    if (exitCode !== 0) return `no Pulumi plugin ${name} ${version}, and it cannot be fetched here`;
  }
  return undefined;
}

async function inngest(): Promise<string | undefined> {
  try {
    putOnPath("inngest", installedInngest() ?? (await fetchEngine("inngest")));
    return undefined;
  } catch {
    return "no inngest binary, and it cannot be fetched here";
  }
}

async function redis(): Promise<string | undefined> {
  return onPath("redis-server") ? undefined : "no redis-server on PATH";
}

let images: { reason: string | undefined } | undefined;

async function docker(): Promise<string | undefined> {
  try {
    execFileSync("docker", ["version", "--format", "{{.Server.Version}}"], { stdio: "ignore" });
  } catch {
    return onPath("docker") ? "no Docker engine answers" : "no docker command";
  }
  images ??= { reason: ensureImages() };
  return images.reason;
}
