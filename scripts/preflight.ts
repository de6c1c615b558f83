/**
 * Looks at this machine before anything is changed: ports, folders, programs, Docker and its images, the cluster.
 * Standard input: a {@link PreflightSpec} as JSON. Run by `Preflight`, on which everything else depends.
 * Prints the stack's data folder. The next run finds it in PULUMI_COMMAND_STDOUT: when the folder moves, services that
 * run from the old one are the stack's own.
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
  const found = await Promise.all([
    dataFolderProblem(spec),
    programProblems(spec.programs),
    supervisorProblems(spec),
    portProblems(spec),
    spec.docker ? dockerProblems(spec.docker) : [],
    spec.kubernetes ? kubernetesProblems(spec.kubernetes) : [],
  ]);
  const problems = found.flat().filter((problem) => problem !== undefined);
  if (problems.length > 0) throw new Problem(problems.map(({ message }) => message).join("\n"));
  process.stdout.write(dataFolder(spec.stack, spec.dataDir));
}

function dataFolderProblem({ stack, dataDir }: PreflightSpec): Problem | undefined {
  const folder = dataFolder(stack, dataDir);
  const name = dataDir === undefined ? "the data folder" : "`dataDir`";
  const must = (rule: string, why: string) =>
    new Problem(
      `${name} must be ${rule}, got ${JSON.stringify(folder)}, and ${nearest} is ${why}`,
      "pulumi config set dataDir /absolute/path/of/a/folder/of/yours",
    );
  let nearest = folder;
  while (!existsSync(nearest)) nearest = dirname(nearest);
  if (!statSync(nearest).isDirectory()) return must("a folder", "a file");
  try {
    accessSync(nearest, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return must("writable", `not (${(error as NodeJS.ErrnoException).code})`);
  }
}

async function programProblems(programs: Program[]): Promise<Problem[]> {
  const problems = programs.map(async (program) => {
    try {
      const binary = locate(program);
      return program.kind === "inngest" ? await ageProblems(binary) : [];
    } catch (error) {
      if (error instanceof Problem) return [error];
      throw error;
    }
  });
  return (await Promise.all(problems)).flat();
}

async function ageProblems(inngest: string): Promise<Problem[]> {
  const version = await inngestVersion(inngest).catch(() => "");
  if (atLeast(version, oldestServer)) return [];
  return [
    new Problem(
      `the Inngest binary must be ${oldestServer} or newer, and ${JSON.stringify(inngest)} says ${JSON.stringify(version)}`,
      "take it off PATH and npm start, or pulumi config set serverBinary /path/to/inngest",
    ),
  ];
}

async function supervisorProblems({ stack, dataDir, services, supervision }: PreflightSpec): Promise<Problem[]> {
  if (services.length === 0) return [];
  const supervisor = await chooseSupervisor(supervision);
  const unavailable = await supervisor.unavailable();
  if (unavailable) return [unavailable];
  const conflicts = services.map(async (service) => {
    const [wanted, ...former] = identities(service, { stack, dataDir });
    const conflict = wanted && (await supervisor.ownershipConflict(wanted));
    if (!conflict) return [];
    const ofFormer = await Promise.all(former.map((identity) => supervisor.ownershipConflict(identity)));
    return ofFormer.includes(undefined) ? [] : [conflict];
  });
  return (await Promise.all(conflicts)).flat();
}

/** A service in the stack's data folder, and in its former one. */
function identities(service: string, { stack, dataDir }: { stack: string; dataDir?: string | undefined }) {
  const { PULUMI_COMMAND_STDOUT: former } = process.env;
  return [dataDir, ...(former ? [former] : [])].map((folder) => identify({ stack, service, dataDir: folder }));
}

async function portProblems({ stack, dataDir, ports, services, docker }: PreflightSpec): Promise<Problem[]> {
  const taken = await takenPorts(ports, {
    services: services.flatMap((service) => identities(service, { stack, dataDir })),
    docker: docker && { stack, context: docker.context },
  });
  return taken.map(({ setting, port, by, code }) =>
    by === undefined
      ? new Problem(
          `\`${setting}\` must be a port that this user may listen on, got ${port} (${code})`,
          `pulumi config set ${setting} to one from 1024 up`,
        )
      : new Problem(
          `\`${setting}\` must leave free ports, and port ${port} is taken by ${by}`,
          `stop it, or pulumi config set ${setting} to another port`,
        ),
  );
}

await runScript(preflight);
