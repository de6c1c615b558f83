/**
 * Makes one host service what its spec says, whatever is there: observe, ensure, sync.
 * Standard input: a {@link DesiredService} as JSON. Run by `HostService` as create and as update.
 */
import { execFile } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { ensureDependencies } from "../lib/dependencies.mjs";
import { withLock } from "../lib/host/lock.ts";
import { compileCache, servicePaths } from "../lib/host/paths.ts";
import { holderOf, isTaken } from "../lib/host/ports.ts";
import { cleanEnvironment, variablesNamed } from "../lib/host/processes.ts";
import { locate } from "../lib/host/programs.ts";
import { removeRecord, writePrivateFile, writeRecord } from "../lib/host/records.ts";
import { secretTexts, serviceFiles } from "../lib/host/service-files.ts";
import type { ServiceSpec } from "../lib/host/spec.ts";
import {
  chooseSupervisor,
  removeEverywhere,
  running,
  type Supervision,
  supervisorNamed,
} from "../lib/host/supervisors/index.ts";
import { identify, type ServiceDefinition, type ServiceIdentity } from "../lib/host/supervisors/service.ts";
import { hashOf, type Supervisor } from "../lib/host/supervisors/supervisor.ts";
import { hostGateway } from "../lib/places/docker-engine.ts";
import { Problem, readStdin, runScript } from "../lib/problem.ts";
import { emptyWalDatabase } from "../lib/render/wal-database.ts";

const run = promisify(execFile);

/** The spec, and the id that this start is to have. */
export interface DesiredService extends ServiceSpec {
  startId: string;
}

/** Looks, 25 ms apart, at which a process that serves nobody has to be alive. */
const steadyLooks = 12;

/** Seconds in which a port that nobody is seen to hold may get free: a process ends before its last threads let go. */
const releaseSeconds = 5;

/** Seconds a process may take until it answers; a server that migrates a large database needs many. */
const readySeconds = 60;

async function reconcile(): Promise<void> {
  const { startId, ...spec } = await readStdin<DesiredService>();
  const service = identify(spec);
  const supervisor = await chooseSupervisor(spec.supervision);
  const account = await accountOf(spec.supervision, supervisor);
  await withLock(service.label, () => sync(spec, startId, service, supervisor, account));
}

async function sync(
  spec: ServiceSpec,
  startId: string,
  service: ServiceIdentity,
  wanted: Supervisor,
  account: Account | undefined,
): Promise<void> {
  const hash = hashOf(JSON.stringify(spec));
  const found = await running(service);
  if (found?.record.spec === hash) {
    writeRecord(service.record, { ...found.record, startId });
    console.log(supervisorNamed(found.record.supervisor, found.record.scope).survives);
    return;
  }
  const { command, workingDirectory } = findOnMachine(spec, service);
  const problem = (await wanted.unavailable()) ?? (await wanted.foreign(service));
  if (problem) throw new Problem(problem);

  await removeEverywhere(service);
  await refuseTakenPorts(spec);
  makeFolders(service, spec, account);
  const definition: ServiceDefinition = {
    ...service,
    description: `Inngest ${spec.service} of stack ${spec.stack}`,
    command: [command, ...(await writeFiles(spec, service))],
    workingDirectory,
    environment: { ...cleanEnvironment(account !== undefined), ...startsFaster(spec), ...spec.environment },
    loopbackOnly: spec.loopbackOnly,
    user: account?.name,
  };
  const text = await wanted.render(definition);
  const { scope } = spec.supervision;
  writeRecord(service.record, { supervisor: wanted.name, scope, spec: hash, definition: hashOf(text), startId });
  try {
    await wanted.ensure(definition, text);
    await untilReady(spec, async () => (await wanted.observe(service)).pid !== undefined);
  } catch (error) {
    const tail = await lastLines(wanted, service, secretsOf(spec));
    // A half-started service would hold its port while no state of Pulumi's knows of it.
    await wanted.remove({ ...service, stopGraceSeconds: 5 });
    removeRecord(service.record);
    throw new Problem(`${(error as Error).message}\n${tail}`);
  }
  console.log(wanted.survives);
}

/** To compile its modules is a third of what a worker takes until it answers (0.11 of 0.33 s, Node 24). */
function startsFaster({ program }: ServiceSpec): Record<string, string> {
  return program.kind === "node" ? { NODE_COMPILE_CACHE: compileCache() } : {};
}

/** Whose files and process they are when the machine's manager runs the service: the owner of the project folder. */
interface Account {
  name: string;
  uid: number;
  gid: number;
}

async function accountOf({ scope }: Supervision, { name }: Supervisor): Promise<Account | undefined> {
  if (scope === "user" || name === "none") return undefined;
  const { uid, gid } = statSync(".");
  const { stdout } = await run("id", ["-un", String(uid)]);
  return { name: stdout.trim(), uid, gid };
}

function makeFolders(service: ServiceIdentity, spec: ServiceSpec, account: Account | undefined): void {
  // The account must reach the data folder, whose parents are nobody's secret then.
  if (account) mkdirSync(dirname(service.dataDir), { recursive: true });
  const { folder } = servicePaths(service.dataDir, spec.service);
  for (const path of [service.dataDir, folder, dirname(service.log), dirname(service.record)]) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chmodSync(path, 0o700);
    if (account && process.getuid?.() === 0) chownSync(path, account.uid, account.gid);
  }
}

function findOnMachine(spec: ServiceSpec, service: ServiceIdentity): { command: string; workingDirectory: string } {
  const { folder } = servicePaths(service.dataDir, spec.service);
  const workingDirectory = spec.workingDirectory === undefined ? folder : resolve(spec.workingDirectory);
  if (spec.workingDirectory !== undefined && !statSync(workingDirectory, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Problem(
      `the working directory of the ${spec.service} must be a folder that exists, got ${JSON.stringify(workingDirectory)}`,
      `create it, or name another (\`workerDir\` for the worker)`,
    );
  }
  const command = locate(spec.program);
  if (spec.source !== undefined && !ensureDependencies(workingDirectory)) {
    throw new Problem(`npm could not install the dependencies of ${workingDirectory}`, `run npm install there`);
  }
  return { command, workingDirectory };
}

/** Writes what the process reads, and returns its arguments. */
async function writeFiles(spec: ServiceSpec, service: ServiceIdentity): Promise<string[]> {
  const gateway = spec.containers && (await hostGateway(spec.containers.context));
  const { args, files } = serviceFiles(spec, service.dataDir, gateway);
  for (const { path, content } of files) writePrivateFile(path, content);
  if (spec.passthroughEnv) {
    const { inherited } = servicePaths(service.dataDir, spec.service);
    writePrivateFile(inherited, `${JSON.stringify(variablesNamed(spec.passthroughEnv))}\n`);
  }
  if (spec.database && !existsSync(join(service.dataDir, spec.database))) {
    writePrivateFile(join(service.dataDir, spec.database), emptyWalDatabase());
  }
  return args;
}

async function refuseTakenPorts(spec: ServiceSpec): Promise<void> {
  const deadline = Date.now() + releaseSeconds * 1000;
  for (const listener of spec.listeners) {
    while (await isTaken(listener)) {
      const holder = await holderOf(listener.port);
      if (!holder && Date.now() < deadline) {
        await sleep(50);
        continue;
      }
      const by = holder ? `${holder.command} (pid ${holder.pid})` : "a process that this user may not see";
      throw new Problem(
        `port ${listener.port} of ${spec.stack}'s ${spec.service} is taken by ${by}`,
        `stop it, or choose another port`,
      );
    }
  }
}

async function untilReady(spec: ServiceSpec, alive: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + readySeconds * 1000;
  let lastAlive = Date.now();
  let seenAlive = 0;
  while (Date.now() < deadline) {
    if (spec.healthUrl !== undefined) {
      const answer = await fetch(spec.healthUrl, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
      if (answer?.ok) return;
    } else if (seenAlive >= steadyLooks) return;
    if (await alive()) {
      lastAlive = Date.now();
      seenAlive++;
    }
    // launchd takes a moment to start what it has accepted; a supervisor's pause between two starts is longer.
    else if (Date.now() - lastAlive > 500) {
      throw new Problem(`the ${spec.service} of stack ${spec.stack} ended while it started.`);
    }
    await sleep(25);
  }
  throw new Problem(
    `the ${spec.service} of stack ${spec.stack} did not ${spec.healthUrl ? `answer ${spec.healthUrl}` : "stay alive"} within ${readySeconds} s.`,
  );
}

/** Every text that must not be printed: its variables and files, and the variables that it is passed. */
function secretsOf(spec: ServiceSpec): string[] {
  const inherited = Object.values(variablesNamed(spec.passthroughEnv ?? []));
  const texts = [...secretTexts(spec), ...inherited].filter((text) => text.length >= shortestSecret);
  // The longest first, so that no secret is cut short by one that it contains.
  return texts.sort((a, b) => b.length - a.length);
}

/** Shorter texts are ports and words; replacing them would leave nothing to read. */
const shortestSecret = 6;

async function lastLines(supervisor: Supervisor, service: ServiceIdentity, secrets: string[]): Promise<string> {
  const [command, ...args] = supervisor.logCommand(service, 15, false);
  const { stdout } = await run(command, args).catch(() => ({ stdout: "(it cannot be read)" }));
  const lines = secrets.reduce((text, secret) => text.replaceAll(secret, "[secret]"), stdout.trimEnd());
  return `Its log (${[command, ...args].join(" ")}) ends with:\n${lines}`;
}

await runScript(reconcile);
