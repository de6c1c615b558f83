import { dataOnVolume, durableQueue, protectedData, stopGrace } from "./keeping.ts";
import { bareSigningKey, keysGiven, signedWorker } from "./keys.ts";
import type { Rule, Schema } from "./rule.ts";
import { noSecretInArguments, noSecretInServiceFile, secretCommandOutput } from "./secrets.ts";
import { nodePortRange, serviceLinks, serviceName } from "./services.ts";
import { loopbackPorts, pinnedImage } from "./surface.ts";

/** Every rule. Each takes its own settings, which whoever calls it has by its name only. */
// biome-ignore lint/suspicious/noExplicitAny: settings differ from rule to rule
export const rules: Rule<any>[] = [
  serviceName,
  serviceLinks,
  nodePortRange,
  dataOnVolume,
  durableQueue,
  protectedData,
  stopGrace,
  keysGiven,
  bareSigningKey,
  signedWorker,
  noSecretInArguments,
  noSecretInServiceFile,
  secretCommandOutput,
  loopbackPorts,
  pinnedImage,
];

/** The settings that stand when nothing is configured. */
export function defaultsOf(schemas: Record<string, Schema<unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, schema.default]));
}
