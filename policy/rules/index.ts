import { dataOnVolume, durableQueue, protectedData, stopGrace } from "./durability.ts";
import { bareSigningKey, keysGiven, signedWorker } from "./keys.ts";
import type { Rule, Schema } from "./rule.ts";
import { noSecretInArguments, noSecretInServiceFile, secretCommandOutput } from "./secrets.ts";
import { nodePortRange, serviceLinks, serviceName } from "./services.ts";
import { loopbackPorts, pinnedImage } from "./surface.ts";

/** A rule whose settings are known only by name. */
export type AnyRule = Rule<Record<string, unknown>>;

export const rules: AnyRule[] = [
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

/** The defaults of a rule's settings. */
export function defaultsOf(schemas: Record<string, Schema<unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, schema.default]));
}
