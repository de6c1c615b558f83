import type { ServiceDefinition } from "./service.ts";

type Plist = string | number | boolean | Plist[] | { [key: string]: Plist };

/**
 * Renders a launchd job (launchd.plist(5)) that starts at once, and again whenever it ends.
 *
 * @throws when a value has a character that XML 1.0 cannot contain
 */
export function renderPlist(job: ServiceDefinition): string {
  return plist({
    Label: job.label,
    ProgramArguments: job.command,
    WorkingDirectory: job.workingDirectory,
    EnvironmentVariables: job.environment,
    ...(job.user === undefined ? {} : { UserName: job.user }),
    RunAtLoad: true,
    KeepAlive: true,
    // Shortest pause between two starts. launchd's 10 s would delay services that wait for their Redis at boot.
    ThrottleInterval: 5,
    // Seconds from SIGTERM to SIGKILL; launchd's default is 20.
    ExitTimeOut: job.stopGraceSeconds,
    // 077: property lists have no octal numbers.
    Umask: 63,
    // launchd throttles CPU and disk of jobs of any other type.
    ProcessType: "Interactive",
    // launchd's default is 256, and a server needs a socket for each client.
    SoftResourceLimits: { NumberOfFiles: 8192 },
    StandardOutPath: job.log,
    StandardErrorPath: job.log,
  });
}

/** Renders the job that rotates another job's log: launchd does not. */
export function renderLogKeeperPlist(job: ServiceDefinition, command: string[]): string {
  return plist({
    Label: keeperLabel(job.label),
    ProgramArguments: command,
    ...(job.user === undefined ? {} : { UserName: job.user }),
    RunAtLoad: true,
    KeepAlive: true,
    ProcessType: "Background",
    Umask: 63,
  });
}

export function keeperLabel(label: string): string {
  return `${label}.log-keeper`;
}

/**
 * Renders a string element, also for finding one in an installed plist.
 *
 * @throws when the text has a character that XML 1.0 cannot contain
 */
export function plistString(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what XML 1.0 forbids
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u.test(text)) {
    throw new Error(`a property list cannot contain the control character in ${JSON.stringify(text)}`);
  }
  // A parser turns a bare carriage return into a line feed.
  const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;" };
  return `<string>${text.replaceAll(/[&<>"\r]/g, (character) => escapes[character] as string)}</string>`;
}

function plist(content: Plist): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    element(content, ""),
    "</plist>",
    "",
  ].join("\n");
}

function element(value: Plist, indent: string): string {
  if (typeof value === "string") return indent + plistString(value);
  if (typeof value === "number") return `${indent}<integer>${value}</integer>`;
  if (typeof value === "boolean") return `${indent}<${value}/>`;
  const deeper = `${indent}  `;
  if (Array.isArray(value)) {
    return [`${indent}<array>`, ...value.map((item) => element(item, deeper)), `${indent}</array>`].join("\n");
  }
  const entries = Object.entries(value).map(
    ([key, item]) => `${deeper}${plistString(key).replaceAll("string>", "key>")}\n${element(item, deeper)}`,
  );
  return [`${indent}<dict>`, ...entries, `${indent}</dict>`].join("\n");
}
