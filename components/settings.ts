import * as pulumi from "@pulumi/pulumi";
import { Problem } from "../lib/problem.ts";
import type { Secret } from "../lib/settings/reader.ts";
import { readSettings, type Settings } from "../lib/settings/settings.ts";

/** {@link Settings} as components use them: each secret is an `Output` that Pulumi encrypts. */
export type ProgramSettings = Omit<Settings, "worker" | "redisUrl" | "postgresUrl" | "keys"> & {
  worker: Omit<Settings["worker"], "variables"> & { variables: pulumi.Output<Record<string, string>> };
  redisUrl: pulumi.Output<string> | undefined;
  postgresUrl: pulumi.Output<string> | undefined;
  keys: Omit<Settings["keys"], "signingKey" | "eventKey"> & {
    signingKey: pulumi.Output<string> | undefined;
    eventKey: pulumi.Output<string> | undefined;
  };
};

/** The current stack's settings. @throws {pulumi.RunError} naming every setting that is wrong */
export function loadSettings(): ProgramSettings {
  const prefix = `${pulumi.getProject()}:`;
  const values: Record<string, string> = {};
  const secretKeys: string[] = JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]");
  const encrypted = new Set(secretKeys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length)));
  for (const [fullKey, value] of Object.entries(pulumi.runtime.allConfig())) {
    if (fullKey.startsWith(prefix)) values[fullKey.slice(prefix.length)] = value;
  }
  try {
    return toProgramSettings(readSettings(pulumi.getStack(), { values, encrypted }));
  } catch (error) {
    throw error instanceof Problem ? new pulumi.RunError(error.message) : error;
  }
}

/** Wraps each secret in an `Output`. */
export function toProgramSettings({ worker, redisUrl, postgresUrl, keys, ...settings }: Settings): ProgramSettings {
  return {
    ...settings,
    worker: { ...worker, variables: output(worker.variables) ?? pulumi.output<Record<string, string>>({}) },
    redisUrl: output(redisUrl),
    postgresUrl: output(postgresUrl),
    keys: { ...keys, signingKey: output(keys.signingKey), eventKey: output(keys.eventKey) },
  };
}

function output<T>(secret: Secret<T> | undefined): pulumi.Output<T> | undefined {
  return secret && (pulumi.secret(secret.reveal()) as pulumi.Output<T>);
}
