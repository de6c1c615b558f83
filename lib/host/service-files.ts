import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { renderEnvFile } from "../render/env-file.ts";
import { servicePaths } from "./paths.ts";
import type { InDataDir, JsonValue, ListenOn, ServiceSpec } from "./spec.ts";

/**
 * Resolves what a service reads when it starts: its arguments, and its files with absolute paths.
 *
 * @param dockerBridge address at which containers reach this machine. @default they use the loopback address
 */
export function serviceFiles(spec: ServiceSpec, dataDir: string, dockerBridge: string | undefined) {
  const { folder, envFile } = servicePaths(dataDir, spec.service);
  const files = (spec.files ?? []).map(({ name, json }) => ({
    path: join(folder, name),
    content: `${JSON.stringify(inFolder(json, dataDir), null, 2)}\n`,
  }));
  const args = spec.args.map((arg) => (typeof arg === "string" ? arg : resolved(arg, dataDir)));
  if (spec.envFile === undefined) return { args, files };
  const variables = Object.entries(spec.envFile).map(([name, value]) => [name, variable(value, dataDir, dockerBridge)]);
  return {
    args: [`--env-file=${envFile}`, ...args],
    files: [...files, { path: envFile, content: renderEnvFile(Object.fromEntries(variables)) }],
  };
}

/** Texts that a service gets in files, and that must not be printed. */
export function secretTexts({ envFile = {}, files = [] }: ServiceSpec): string[] {
  const variables = Object.values(envFile).filter((value) => typeof value === "string");
  return [...variables, ...files.flatMap(({ json }) => textsIn(json))];
}

function textsIn(value: JsonValue): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null && !isInDataDir(value)
    ? Object.values(value).flatMap(textsIn)
    : [];
}

function inFolder(value: JsonValue, dataDir: string): JsonValue {
  if (Array.isArray(value)) return value.map((item) => inFolder(item, dataDir));
  if (typeof value !== "object" || value === null) return value;
  if (isInDataDir(value)) return resolved(value, dataDir);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, inFolder(inner, dataDir)]));
}

function isInDataDir(value: object): value is InDataDir {
  return "inDataDir" in value;
}

/** A path below the data folder as a process reads it. */
export function resolved({ inDataDir, scheme }: InDataDir, dataDir: string): string {
  const path = join(dataDir, inDataDir);
  return scheme ? pathToFileURL(path).href.replace("file:", `${scheme}:`) : path;
}

function variable(value: string | InDataDir | ListenOn, dataDir: string, dockerBridge: string | undefined): string {
  if (typeof value === "string") return value;
  if ("inDataDir" in value) return resolved(value, dataDir);
  const addresses = { loopback: "127.0.0.1", dockerBridge };
  return value.listenOn.flatMap((name) => addresses[name] ?? []).join();
}
