import { run } from "../process.ts";
import { variablesNamed } from "./processes.ts";
import { secretTexts } from "./service-files.ts";
import type { ServiceSpec } from "./spec.ts";
import type { ServiceIdentity } from "./supervisors/service.ts";
import type { Supervisor } from "./supervisors/supervisor.ts";

/** Shorter texts are ports and words; replacing them would leave nothing to read. */
const minSecretLength = 6;

/** The last lines of a service's log, for an error message: secrets are replaced. */
export async function logTail(supervisor: Supervisor, service: ServiceIdentity, spec: ServiceSpec): Promise<string> {
  const [command, ...args] = supervisor.logCommand(service, 15, false);
  const log = await run(command, args).catch(() => "(it cannot be read)");
  const lines = secretsOf(spec).reduce((text, secret) => text.replaceAll(secret, "[secret]"), log);
  return `Its log (${[command, ...args].join(" ")}) ends with:\n${lines}`;
}

/** Texts that must not be printed: variables and files of the service, and the variables that it is passed. */
function secretsOf(spec: ServiceSpec): string[] {
  const inherited = Object.values(variablesNamed(spec.passthroughEnv ?? []));
  const texts = [...secretTexts(spec), ...inherited].filter((text) => text.length >= minSecretLength);
  // Longest first, so that a secret that contains another one is replaced whole.
  return texts.sort((a, b) => b.length - a.length);
}
