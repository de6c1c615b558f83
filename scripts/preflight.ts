/**
 * Looks at this machine before anything is changed: ports, folders, binaries, Docker and its images.
 * Standard input: a {@link PreflightSpec} as JSON. Run by `Preflight`, on which everything else depends.
 * Prints the stack's data folder, which the next run finds in PULUMI_COMMAND_STDOUT: when the folder moves, what runs
 * from the old one is the stack's own.
 */
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { dataFolder } from "../lib/host/paths.ts";
import { takenPorts } from "../lib/host/port-holders.ts";
import { inngestVersion, locate } from "../lib/host/programs.ts";
import type { Program } from "../lib/host/spec.ts";
import { chooseSupervisor } from "../lib/host/supervisors/index.ts";
import { identify } from "../lib/host/supervisors/service.ts";
import { atLeast, oldestServer } from "../lib/host/versions.ts";
import { dockerProblems } from "../lib/places/docker-engine.ts";
import { kubernetesProblems } from "../lib/places/kubernetes-cluster.ts";
import { Problem, readStdin, runScript } from "../lib/problem.ts";
import type { PreflightSpec } from "../lib/stack/preflight-spec.ts";

async function preflight(): Promise<void> {
  const spec = await readStdin<PreflightSpec>();
  // The looks at programs, supervisors, ports, Docker and a cluster wait for other processes.
  const found = await Promise.all([
    dataFolderProblems(spec),
    programProblems(spec.programs),
    supervisorProblems(spec),
    portProblems(spec),
    spec.docker ? dockerProblems(spec.docker) : [],
    spec.kubernetes ? kubernetesProblems(spec.kubernetes) : [],
  ]);
  const problems = found.flat();
  if (problems.length > 0) throw new Problem(problems.join("\n"));
  process.stdout.write(dataFolder(spec.stack, spec.dataDir));
}

function dataFolderProblems({ stack, dataDir }: PreflightSpec): string[] {
  const folder = dataFolder(stack, dataDir);
  const name = dataDir === undefined ? "the data folder" : "`dataDir`";
  const remedy = "Remedy: pulumi config set dataDir /absolute/path/of/a/folder/of/yours";
  let nearest = folder;
  while (!existsSync(nearest)) nearest = dirname(nearest);
  if (!statSync(nearest).isDirectory()) {
    return [`${name} must be a folder, got ${JSON.stringify(folder)}, and ${nearest} is a file. ${remedy}`];
  }
  try {
    accessSync(nearest, constants.W_OK | constants.X_OK);
    return [];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return [`${name} must be writable, got ${JSON.stringify(folder)}, and ${nearest} is not (${code}). ${remedy}`];
  }
}

async function programProblems(programs: Program[]): Promise<string[]> {
  const problems = programs.map(async (program) => {
    try {
      const binary = locate(program);
      return program.kind === "inngest" ? await ageProblems(binary) : [];
    } catch (error) {
      if (error instanceof Problem) return [error.message];
      throw error;
    }
  });
  return (await Promise.all(problems)).flat();
}

async function ageProblems(inngest: string): Promise<string[]> {
  const version = await inngestVersion(inngest).catch(() => "");
  if (atLeast(version, oldestServer)) return [];
  return [
    `the Inngest binary must be ${oldestServer} or newer, and ${JSON.stringify(inngest)} says ${JSON.stringify(version)}. ` +
      "Remedy: npm install, or pulumi config set serverBinary /path/to/inngest",
  ];
}

async function supervisorProblems({ stack, dataDir, services, supervision }: PreflightSpec): Promise<string[]> {
  if (services.length === 0) return [];
  const supervisor = await chooseSupervisor(supervision);
  const unavailable = await supervisor.unavailable();
  if (unavailable) return [unavailable];
  const foreign = services.map(async (service) => {
    const [wanted, ...before] = identities(service, { stack, dataDir });
    const problem = wanted && (await supervisor.foreign(wanted));
    if (!problem) return [];
    const isOwn = await Promise.all(before.map(async (old) => (await supervisor.foreign(old)) === undefined));
    return isOwn.includes(true) ? [] : [problem];
  });
  return (await Promise.all(foreign)).flat();
}

/** A service in the stack's data folder, and in the one that it had before. */
function identities(service: string, { stack, dataDir }: { stack: string; dataDir?: string | undefined }) {
  const { PULUMI_COMMAND_STDOUT: before } = process.env;
  return [dataDir, ...(before ? [before] : [])].map((folder) => identify({ stack, service, dataDir: folder }));
}

async function portProblems({ stack, dataDir, ports, services, docker }: PreflightSpec): Promise<string[]> {
  const taken = await takenPorts(ports, {
    services: services.flatMap((service) => identities(service, { stack, dataDir })),
    docker: docker && { stack, context: docker.context },
  });
  return taken.map(({ setting, port, by, code }) =>
    by === undefined
      ? `\`${setting}\` must be a port that this user may listen on, got ${port} (${code}). ` +
        `Remedy: pulumi config set ${setting} to one from 1024 up`
      : `\`${setting}\` must leave free ports, and port ${port} is taken by ${by}. ` +
        `Remedy: stop it, or pulumi config set ${setting} to another port`,
  );
}

await runScript(preflight);
