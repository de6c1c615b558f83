import { join } from "node:path";
import { renderEnvFile } from "../render/env-file.ts";
import { servicePaths } from "./paths.ts";
import type { ServiceSpec } from "./spec.ts";

/**
 * What a service reads at its start: the arguments of its program, and the texts of its files by absolute path.
 * `gateway` is the address at which containers meet this machine, if any.
 */
export function serviceFiles(
  spec: ServiceSpec,
  dataDir: string,
  gateway: string | undefined,
): { args: string[]; files: { path: string; content: string }[] } {
  const { folder, envFile } = servicePaths(dataDir, spec.service);
  const expand = (text: string) =>
    text.replaceAll("${dataDir}", dataDir).replaceAll(",${hostGateway}", gateway ? `,${gateway}` : "");
  const files = (spec.files ?? []).map(({ name, content }) => ({ path: join(folder, name), content: expand(content) }));
  const args = spec.args.map(expand);
  if (spec.envFile === undefined) return { args, files };
  const variables = Object.fromEntries(Object.entries(spec.envFile).map(([name, value]) => [name, expand(value)]));
  return {
    args: [`--env-file=${envFile}`, ...args],
    files: [...files, { path: envFile, content: renderEnvFile(variables) }],
  };
}
