import type { ServiceDefinition } from "./service.ts";

/**
 * Sandbox of a system unit, in addition to {@link unprivilegedOptions}. MemoryDenyWriteExecute is missing because both
 * JavaScript runtimes compile at run time, PrivateUsers because a kernel without user namespaces refuses to start the
 * unit, and ProtectHome is `read-only` because the worker's source is often in a home directory.
 */
const sandbox = [
  "CapabilityBoundingSet=",
  "PrivateDevices=yes",
  "PrivateTmp=yes",
  "ProtectClock=yes",
  "ProtectControlGroups=yes",
  "ProtectHome=read-only",
  "ProtectHostname=yes",
  "ProtectKernelLogs=yes",
  "ProtectKernelModules=yes",
  "ProtectKernelTunables=yes",
  "ProtectProc=invisible",
  "ProtectSystem=strict",
  "RemoveIPC=yes",
  // Node and Go list the network interfaces through netlink.
  "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
  "RestrictNamespaces=yes",
  "SystemCallFilter=@system-service",
  "SystemCallFilter=~@privileged @resources",
  "SystemCallErrorNumber=EPERM",
];

/** Options that a user's manager may set too. */
const unprivilegedOptions = [
  "UMask=0077",
  "NoNewPrivileges=yes",
  "LockPersonality=yes",
  "RestrictRealtime=yes",
  "RestrictSUIDSGID=yes",
  "SystemCallArchitectures=native",
];

/**
 * For a server, whose Connect ports always listen on every interface. A user's manager may not attach the filter, and
 * would only warn.
 */
const loopbackFilter = ["IPAddressDeny=any", "IPAddressAllow=localhost"];

/**
 * Renders a systemd service unit (systemd.service(5)): a system unit if the definition names a user, else a user unit.
 *
 * @param version of systemd; growing pauses between restarts need 254
 * @throws when a unit file cannot contain one of the values
 */
export function renderUnit(service: ServiceDefinition, { version }: { version: number }): string {
  const system = service.user !== undefined;
  const variables = Object.entries(service.environment);
  return [
    "[Unit]",
    `Description=${literal(service.description)}`,
    // Also when the machine goes down: what a server saves while it stops, it saves to the queue.
    ...(service.after ?? []).map((label) => `After=${label}.service`),
    "# Never give up: what it needs may come minutes after boot.",
    "StartLimitIntervalSec=0",
    "",
    "[Service]",
    "Type=exec",
    `ExecStart=${execLine(service.command)}`,
    ...(service.restarts ?? []).map(
      (label) =>
        `ExecStartPost=${system ? "+-systemctl" : "-systemctl --user"} --no-block try-restart ${label}.service`,
    ),
    `WorkingDirectory=${literal(service.workingDirectory)}`,
    ...variables.map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}`),
    ...(service.user === undefined ? [] : [`User=${literal(service.user)}`]),
    "Restart=always",
    "RestartSec=1",
    ...(version >= 254 ? ["RestartSteps=5", "RestartMaxDelaySec=10"] : []),
    "# The worker's own word for a configuration that no restart mends.",
    "RestartPreventExitStatus=78",
    "# SIGTERM goes to the main process alone: what its running steps have started may end in peace.",
    "KillMode=mixed",
    `TimeoutStopSec=${service.stopGraceSeconds}`,
    ...unprivilegedOptions,
    ...(system ? [...sandbox, `ReadWritePaths=${quoted(service.dataDir)}`] : []),
    ...(system && service.loopbackOnly ? loopbackFilter : []),
    "",
    "[Install]",
    `WantedBy=${system ? "multi-user.target" : "default.target"}`,
    "",
    "# systemd reads no section that begins with X-.",
    ownerSection,
    dataFolderLine(service.dataDir),
    "",
  ].join("\n");
}

const ownerSection = "[X-InngestLocal]";

/** The line that marks a unit as belonging to a stack's data folder. */
export function dataFolderLine(dataDir: string): string {
  return `DataFolder=${literal(dataDir)}`;
}

/** A value that systemd does not split; only its `%` specifiers need escaping. */
function literal(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a line of a unit file cannot contain them
  if (/[\u0000-\u001f\u007f]|^\s|\s$|\\$/.test(text)) {
    throw new Error(`a unit file cannot contain ${JSON.stringify(text)}`);
  }
  return text.replaceAll("%", "%%");
}

/** systemd expands variables in arguments, but not in the program's path. */
function execLine([program, ...args]: ServiceDefinition["command"]): string {
  return [quoted(program), ...args.map((arg) => quoted(arg).replaceAll("$", "$$$$"))].join(" ");
}

/** A word in C-style quotes, for a line that systemd splits. */
function quoted(text: string): string {
  // systemd ignores a line that contains one of them.
  if (/\0|\p{Noncharacter_Code_Point}|\p{Surrogate}/u.test(text)) {
    throw new Error(`a unit file cannot contain ${JSON.stringify(text)}`);
  }
  const escaped = text
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("%", "%%")
    .replaceAll(/\p{Cc}/gu, (control) => [...Buffer.from(control)].map(hexEscape).join(""));
  return `"${escaped}"`;
}

function hexEscape(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}
