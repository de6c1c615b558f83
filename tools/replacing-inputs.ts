/**
 * Writes tools/plan/replacing-inputs.json, the inputs by whose change a provider replaces a resource, from the
 * schemas of the providers' plugins: `node tools/replacing-inputs.ts`. Run it after an update of a provider.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Pulumi } from "../cli/lib/pulumi-cli.ts";

const require = createRequire(import.meta.url);

export const tablePath = "tools/plan/replacing-inputs.json";

/** Providers whose schemas mark these inputs. Random's and Kubernetes' do not. */
const providers = ["command", "docker"];

interface Schema {
  resources: Record<string, { inputProperties?: Record<string, Property> }>;
}

/** Bridged providers use the one mark, native ones the other. */
interface Property {
  willReplaceOnChanges?: boolean;
  replaceOnChanges?: boolean;
}

/** The table that the plugins' schemas say, by type. */
export async function replacingInputs(): Promise<Record<string, string[]>> {
  const pulumi = await Pulumi.find();
  const table: Record<string, string[]> = {};
  for (const provider of providers) {
    const { version } = require(`@pulumi/${provider}/package.json`) as { version: string };
    const { stdout, output, exitCode } = await pulumi.capture(["package", "get-schema", `${provider}@${version}`]);
    if (exitCode !== 0) throw new Error(output);
    for (const [type, { inputProperties = {} }] of Object.entries((JSON.parse(stdout) as Schema).resources)) {
      const replacing = Object.entries(inputProperties).filter(
        ([, property]) => property.willReplaceOnChanges || property.replaceOnChanges,
      );
      table[type] = replacing.map(([name]) => name).sort();
    }
  }
  return table;
}

if (import.meta.main) {
  writeFileSync(tablePath, JSON.stringify(await replacingInputs()));
  execFileSync("node_modules/.bin/biome", ["format", "--write", tablePath]);
}
