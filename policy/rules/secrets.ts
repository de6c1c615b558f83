import { entriesOf } from "../entries.ts";
import { holdsSecret, isSecretName, secretsInArguments, urlWithPassword } from "../patterns.ts";
import { isObject, type Properties, type Resource, texts } from "../resource.ts";
import { workloadsOf } from "../workload.ts";
import type { Rule } from "./rule.ts";

export const noSecretInArguments: Rule = {
  name: "no-secret-in-arguments",
  description:
    "No key or password is an argument: everybody on the machine sees arguments, and the server itself shows its own to " +
    "whoever asks /debug/pprof/cmdline",
  remedy: "the environment, or a file that only its owner reads (`inngest start --config FILE`)",
  level: "mandatory",
  check(resource) {
    const { create, update, delete: remove } = isCommand(resource) ? resource.properties : ({} as Properties);
    const lines = [...workloadsOf(resource).map(({ commandLine }) => commandLine), ...texts([create, update, remove])];
    return [...new Set(lines.flatMap(secretsInArguments))].map((what) => `${what} is on a command line`);
  },
};

export const noSecretInServiceFile: Rule = {
  name: "no-secret-in-service-file",
  description:
    "No key or password is in a launchd plist or a systemd unit: both are readable by every user, and backups take them",
  remedy: "a 0600 file that the process reads, named in the plist or unit",
  level: "mandatory",
  check(resource) {
    const files = [...texts(resource.properties), ...entriesOf(resource).map(({ text }) => text)];
    return [...new Set(files.flatMap((text) => [...inPlist(text), ...inUnit(text)]))];
  },
};

export const secretCommandOutput: Rule = {
  name: "secret-command-output",
  description:
    "A command that is told a secret has secret outputs: what it prints is stored in clear in the state, and shown",
  remedy: 'the resource option additionalSecretOutputs: ["stdout", "stderr"]',
  level: "mandatory",
  check(resource) {
    if (!isCommand(resource) || !isToldSecret(resource.properties)) return [];
    const open = ["stdout", "stderr"].filter((output) => !resource.additionalSecretOutputs.includes(output));
    return open.length > 0 ? [`it is told a secret, and its ${open.join(" and ")} can be read`] : [];
  },
};

function isCommand({ type }: Resource): boolean {
  return type === "command:local:Command" || type === "command:remote:Command";
}

function isToldSecret({ environment, stdin, create, update }: Properties): boolean {
  const variables = isObject(environment) ? Object.entries(environment) : [];
  // In a preview the provider shows a value that is not known yet as an empty one.
  if (variables.some(([name]) => isSecretName(name))) return true;
  return texts([variables.map(([, value]) => value), stdin, create, update]).some(holdsSecret);
}

/** What a property list shows, also one within a script or a JSON text. */
function inPlist(text: string): string[] {
  if (!text.includes("<plist")) return [];
  const entries = [...text.matchAll(/<key>([A-Z][A-Z0-9_]*)<\/key>(?:\\n|\s)*<string>[^<]+<\/string>/g)];
  const names = entries.map(([, name]) => name as string).filter(isSecretName);
  const line = [...text.matchAll(/<string>([^<]*)<\/string>/g)].map(([, word]) => word).join(" ");
  const shown = [...names, ...secretsInArguments(line)];
  return [...new Set(shown)].map((what) => `${what} is in a property list`);
}

/** The same of a systemd unit. */
function inUnit(text: string): string[] {
  if (!text.includes("[Service]")) return [];
  const lines = text.split(/\n|\\n/).map((line) => line.trim());
  const names = lines
    .filter((line) => line.startsWith("Environment="))
    .flatMap((line) => [...line.matchAll(/\b([A-Z][A-Z0-9_]*)=[^\s"']/g)].map(([, name]) => name as string))
    .filter(isSecretName);
  const started = lines.filter((line) => line.startsWith("Exec")).flatMap(secretsInArguments);
  const urls = lines.some((line) => line.startsWith("Environment=") && urlWithPassword.test(line));
  const shown = [...names, ...started, ...(urls ? ["a URL with a password"] : [])];
  return [...new Set(shown)].map((what) => `${what} is in a systemd unit`);
}
