import { rmSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "../problem.ts";
import { run } from "../process.ts";
import type { Supervised } from "../stack/durability.ts";
import { withLock } from "./lock.ts";
import { compileCache, projectFolder, servicePaths } from "./paths.ts";
import { cleanEnvironment, variablesNamed } from "./processes.ts";
import { refuseTakenPorts, untilReady } from "./readiness.ts";
import { writeRecord } from "./records.ts";
import { secretTexts } from "./service-files.ts";
import { accountOf, findOnMachine, makeFolders, writeFiles } from "./service-setup.ts";
import type { ServiceSpec } from "./spec.ts";
import { chooseSupervisor, removeEverywhere, running, supervisorNamed } from "./supervisors/index.ts";
import { identify, labelsOf, type ServiceDefinition, type ServiceIdentity } from "./supervisors/service.ts";
import { hashOf, type Supervisor } from "./supervisors/supervisor.ts";

/** Seconds between SIGTERM and SIGKILL for a process that has failed to start. */
const failedStopGraceSeconds = 5;

export interface DesiredService extends ServiceSpec {
  /** Id that this start gets; scripts/observe.ts prints it for as long as the service runs as it was started. */
  startId: string;
}

/**
 * Makes a service on this machine match its spec, whatever is there.
 *
 * @returns what keeps it running
 * @throws {Problem} when it cannot be started, or is not ready in time; then it does not run
 */
export async function reconcileService({ startId, ...spec }: DesiredService): Promise<Supervised> {
  const service = identify(spec);
  const supervisor = await chooseSupervisor(spec.supervision);
  return await withLock(service.label, async () => {
    const found = await running(service);
    if (found?.record.spec === specHash(spec) && found.record.folder === projectFolder()) {
      writeRecord(service.record, { ...found.record, startId });
      return supervisedBy(supervisorNamed(found.record.supervisor, found.record.scope));
    }
    const definition = await prepare(spec, service, supervisor);
    await start(spec, startId, definition, supervisor);
    return supervisedBy(supervisor);
  });
}

function supervisedBy({ name, survives }: Supervisor): Supervised {
  return { by: name, survives };
}

/** Stops a service and removes the files with its secrets; data and logs stay. Succeeds when nothing is there. */
export async function removeService(spec: ServiceSpec): Promise<void> {
  const service = identify(spec);
  await withLock(service.label, async () => {
    await removeEverywhere(service);
    const { folder, envFile, inherited } = servicePaths(service.dataDir, spec.service);
    for (const path of [service.record, envFile, inherited]) rmSync(path, { force: true });
    for (const { name } of spec.files ?? []) rmSync(join(folder, name), { force: true });
  });
}

function specHash(spec: ServiceSpec): string {
  return hashOf(JSON.stringify(spec));
}

/** Checks all that can be checked, removes what runs, and writes the files that the process reads. */
async function prepare(spec: ServiceSpec, service: ServiceIdentity, supervisor: Supervisor) {
  const account = await accountOf(spec.supervision, supervisor);
  const { command, workingDirectory } = findOnMachine(spec, service);
  const problem = (await supervisor.unavailable()) ?? (await supervisor.ownershipConflict(service));
  if (problem) throw problem;

  await removeEverywhere(service);
  await refuseTakenPorts(spec);
  makeFolders(service, spec, account);
  const definition: ServiceDefinition = {
    ...service,
    description: `Inngest ${spec.service} of stack ${spec.stack}`,
    command: [command, ...(await writeFiles(spec, service))],
    workingDirectory,
    environment: { ...cleanEnvironment(account !== undefined), ...compileCacheVariables(spec), ...spec.environment },
    ...labelsOf(spec),
    loopbackOnly: spec.loopbackOnly,
    user: account?.name,
  };
  return definition;
}

/** Compiling its modules is a good part of a worker's start: docs/measurements.md#compiling-a-workers-modules. */
function compileCacheVariables({ program }: ServiceSpec): Record<string, string> {
  return program.kind === "node" ? { NODE_COMPILE_CACHE: compileCache() } : {};
}

async function start(
  spec: ServiceSpec,
  startId: string,
  definition: ServiceDefinition,
  supervisor: Supervisor,
): Promise<void> {
  const text = await supervisor.render(definition);
  writeRecord(definition.record, {
    supervisor: supervisor.name,
    scope: spec.supervision.scope,
    folder: projectFolder(),
    spec: specHash(spec),
    definition: hashOf(text),
    startId,
  });
  try {
    await supervisor.ensure(definition, text);
    await untilReady(spec, async () => (await supervisor.observe(definition)).pid !== undefined);
  } catch (error) {
    const log = await logTail(supervisor, definition, spec);
    // A half-started service would hold its port, and Pulumi's state would not have it.
    await supervisor.remove({ ...definition, stopGraceSeconds: failedStopGraceSeconds });
    rmSync(definition.record, { force: true });
    throw new Problem(`${(error as Error).message}.\n${log}`);
  }
}

/** Shorter texts are ports and words; replacing them would leave nothing to read. */
const minSecretLength = 6;

/** The last lines of a service's log, for an error message: secrets are replaced. */
async function logTail(supervisor: Supervisor, service: ServiceIdentity, spec: ServiceSpec): Promise<string> {
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
