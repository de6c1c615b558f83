import { configEntries } from "../entries.ts";
import { containsSecret, isSecretName, secretsInArguments, urlWithPassword } from "../patterns.ts";
import { isObject, type Properties, type Resource, stringsIn } from "../resource.ts";
import { workloadsOf } from "../workload.ts";
import type { Rule } from "./rule.ts";

export const noSecretInArguments: Rule = {
  name: "no-secret-in-arguments",
  description:
    "No key or password is passed as an argument: every user of the machine can list arguments, and the server returns " +
    "its own at /debug/pprof/cmdline",
  remedy: "pass it in the environment, or in a file that only its owner can read (`inngest start --config FILE`)",
  level: "mandatory",
  check(resource) {
    const { create, update, delete: remove } = isCommand(resource) ? resource.properties : ({} as Properties);
    const lines = [
      ...workloadsOf(resource).map(({ commandLine }) => commandLine),
      ...stringsIn([create, update, remove]),
    ];
    return exposed(lines.flatMap(secretsInArguments), "on a command line");
  },
};

export const noSecretInServiceFile: Rule = {
  name: "no-secret-in-service-file",
  description:
    "No key or password is in a launchd plist or a systemd unit: every user of the machine can read both, and backups " +
    "include them",
  remedy: "put it in a 0600 file that the process reads, and name that file in the plist or unit",
  level: "mandatory",
  check(resource) {
    const files = [...stringsIn(resource.properties), ...configEntries(resource).map(({ text }) => text)];
    return [
      ...exposed(files.flatMap(secretsInPlist), "in a property list"),
      ...exposed(files.flatMap(secretsInUnit), "in a systemd unit"),
    ];
  },
};

export const secretCommandOutput: Rule = {
  name: "secret-command-output",
  description:
    "A command that receives a secret marks its outputs as secret: otherwise Pulumi displays what the command prints and " +
    "stores it in the state in plain text",
  remedy: 'set the resource option additionalSecretOutputs: ["stdout", "stderr"]',
  level: "mandatory",
  check(resource) {
    if (!isCommand(resource) || !receivesSecret(resource.properties)) return [];
    const open = ["stdout", "stderr"].filter((output) => !resource.additionalSecretOutputs.includes(output));
    if (open.length === 0) return [];
    return [`the command receives a secret, but these outputs are not secret: ${open.join(", ")}`];
  },
};

function exposed(secrets: string[], where: string): string[] {
  return [...new Set(secrets)].map((secret) => `${secret} is ${where}`);
}

function isCommand({ type }: Resource): boolean {
  return type === "command:local:Command" || type === "command:remote:Command";
}

function receivesSecret({ environment, stdin, create, update }: Properties): boolean {
  const variables = isObject(environment) ? Object.entries(environment) : [];
  // In a preview the provider presents a value that is not known yet as an empty string.
  if (variables.some(([name]) => isSecretName(name))) return true;
  return stringsIn([variables.map(([, value]) => value), stdin, create, update]).some(containsSecret);
}

/** Names the secrets in a property list, which may be embedded in a script or a JSON string. */
function secretsInPlist(text: string): string[] {
  if (!text.includes("<plist")) return [];
  const entries = [...text.matchAll(/<key>([A-Z][A-Z0-9_]*)<\/key>(?:\\n|\s)*<string>[^<]+<\/string>/g)];
  const names = entries.map(([, name]) => name as string).filter(isSecretName);
  const line = [...text.matchAll(/<string>([^<]*)<\/string>/g)].map(([, word]) => word).join(" ");
  return [...names, ...secretsInArguments(line)];
}

/** Names the secrets in a systemd unit, which may be embedded in a script or a JSON string. */
function secretsInUnit(text: string): string[] {
  if (!text.includes("[Service]")) return [];
  const lines = text.split(/\n|\\n/).map((line) => line.trim());
  const environment = lines.filter((line) => line.startsWith("Environment="));
  const names = environment
    .flatMap((line) => [...line.matchAll(/\b([A-Z][A-Z0-9_]*)=[^\s"']/g)].map(([, name]) => name as string))
    .filter(isSecretName);
  const started = lines.filter((line) => line.startsWith("Exec")).flatMap(secretsInArguments);
  const urls = environment.some((line) => urlWithPassword.test(line)) ? ["a URL with a password"] : [];
  return [...names, ...started, ...urls];
}
