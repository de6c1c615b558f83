import type { ServiceDefinition } from "./service.ts";

type Plist = string | number | boolean | Plist[] | { [key: string]: Plist };

/**
 * A launchd job (launchd.plist(5)) that is started at once, and again whenever it ended.
 * Throws for a character that XML 1.0 cannot carry.
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
    // The least pause between two starts; launchd's default of 10 s would hold up what waits for its Redis at boot.
    ThrottleInterval: 5,
    // Seconds from SIGTERM to SIGKILL; launchd's default is 20.
    ExitTimeOut: job.stopGraceSeconds,
    // 077: property lists have no octal.
    Umask: 63,
    // Any other type throttles CPU and disk of a job.
    ProcessType: "Interactive",
    // launchd's default is 256, and a server keeps a socket open per client.
    SoftResourceLimits: { NumberOfFiles: 8192 },
    StandardOutPath: job.log,
    StandardErrorPath: job.log,
  });
}

/** The job that cuts the log of another job, which launchd never does. */
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

/** How a path stands in a plist, for a look into one that is there already. */
export function plistString(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly what XML 1.0 forbids
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u.test(text)) {
    throw new Error(`a property list cannot carry the control character in ${JSON.stringify(text)}`);
  }
  // A parser would turn a bare carriage return into a line feed.
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
