import { chmodSync, chownSync, existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { writePrivateFile } from "../data/private-file.ts";
import { installDependencies } from "../dependencies.mjs";
import { hostGateway } from "../places/docker-engine.ts";
import { Problem } from "../problem.ts";
import { run } from "../process.ts";
import { emptyWalDatabase } from "../render/wal-database.ts";
import { servicePaths } from "./paths.ts";
import { variablesNamed } from "./processes.ts";
import { locate } from "./programs.ts";
import { serviceFiles } from "./service-files.ts";
import type { ServiceSpec } from "./spec.ts";
import type { ServiceIdentity, Supervision } from "./supervisors/service.ts";
import type { Supervisor } from "./supervisors/supervisor.ts";

/** The owner of the project's folder for a system service; `undefined` where services run as the current user. */
export async function accountOf({ scope }: Supervision, { name }: Supervisor) {
  if (scope === "user" || name === "none") return undefined;
  const { uid, gid } = statSync(".");
  return { name: await run("id", ["-un", String(uid)]), uid, gid };
}

/**
 * Finds the service's program and working directory, and installs the dependencies of its source.
 *
 * @throws {Problem} when one of them is missing, or npm fails
 */
export function findOnMachine(spec: ServiceSpec, service: ServiceIdentity) {
  const { folder } = servicePaths(service.dataDir, spec.service);
  const workingDirectory = spec.workingDirectory === undefined ? folder : resolve(spec.workingDirectory);
  if (spec.workingDirectory !== undefined && !statSync(workingDirectory, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Problem(
      `the working directory of the ${spec.service} must be a folder that exists, got ${JSON.stringify(workingDirectory)}`,
      "create it, or set another (`workerDir` for the worker)",
    );
  }
  const command = locate(spec.program);
  const failure = spec.source === undefined ? undefined : installDependencies(workingDirectory);
  if (failure) throw new Problem(failure);
  return { command, workingDirectory };
}

/** Makes the service's folders, which only its own account may enter. */
export function makeFolders(
  service: ServiceIdentity,
  spec: ServiceSpec,
  account: Awaited<ReturnType<typeof accountOf>>,
): void {
  // The account must be able to reach the data folder, so its parents get the usual mode.
  if (account) mkdirSync(dirname(service.dataDir), { recursive: true });
  const { folder } = servicePaths(service.dataDir, spec.service);
  for (const path of [service.dataDir, folder, dirname(service.log), dirname(service.record)]) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chmodSync(path, 0o700);
    if (account && process.getuid?.() === 0) chownSync(path, account.uid, account.gid);
  }
}

/** Writes the files that the process reads, and resolves to its arguments. */
export async function writeFiles(spec: ServiceSpec, service: ServiceIdentity): Promise<string[]> {
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
