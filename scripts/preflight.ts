/**
 * Looks at this machine before anything is changed: whose stack it is, ports, folders, programs, Docker and its images,
 * the cluster. Standard input: a {@link PreflightInput} as JSON. Run by `Preflight`, on which everything else depends.
 * Prints the stack's data folder and, as JSON, its home, a line each. The next run finds them in PULUMI_COMMAND_STDOUT:
 * services that run from the old folder, or under the old name, are the stack's own.
 */
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { findHomeProblem, keepHome } from "../lib/host/home.ts";
import { dataFolder } from "../lib/host/paths.ts";
import { takenPorts } from "../lib/host/port-holders.ts";
import { inngestVersion, locate } from "../lib/host/programs.ts";
import type { Program } from "../lib/host/spec.ts";
import { chooseSupervisor } from "../lib/host/supervisors/index.ts";
import { identify } from "../lib/host/supervisors/service.ts";
import { atLeast, oldestServer } from "../lib/host/versions.ts";
import { dockerProblems, removeContainers } from "../lib/places/docker-engine.ts";
import { kubernetesProblems } from "../lib/places/kubernetes-cluster.ts";
import { Problem, readStdin, runScript } from "../lib/problem.ts";
import { type FormerHome, type Home, takeOverVariable } from "../lib/stack/home.ts";
import type { PreflightInput, PreflightSpec } from "../lib/stack/preflight-spec.ts";

/** Empty where the stack's state has never had it up. */
const previous = process.env.PULUMI_COMMAND_STDOUT ?? "";
const [formerFolder, formerJson] = previous.split("\n");
const former = formerJson ? (JSON.parse(formerJson) as FormerHome) : undefined;

async function preflight(): Promise<void> {
  const { home, ...spec } = await readStdin<PreflightInput>();
  const here = JSON.parse(home) as Home;
  const isNew = previous === "";
  const isTakenOver = process.env[takeOverVariable] !== undefined;
  const foreign = isTakenOver ? undefined : await findHomeProblem(spec, here, { isNew, former });
  // What else is wrong is no concern of whoever goes back to where the stack belongs.
  if (foreign) throw foreign;
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
  // Docker would refuse to create what another state has under these names.
  if (isTakenOver && isNew && spec.docker) await removeContainers(spec.stack, spec.docker.context);
  const kept: FormerHome = { ...here, since: new Date().toISOString() };
  keepHome(kept);
  process.stdout.write(`${dataFolder(spec.stack, spec.dataDir)}\n${JSON.stringify(kept)}`);
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
    const [wanted, ...before] = identities(service, { stack, dataDir });
    const conflict = wanted && (await supervisor.ownershipConflict(wanted));
    if (!conflict) return [];
    const ofFormer = await Promise.all(before.map((identity) => supervisor.ownershipConflict(identity)));
    return ofFormer.includes(undefined) ? [] : [conflict];
  });
  return (await Promise.all(conflicts)).flat();
}

/** A service of the stack as it is, and as it was. */
function identities(service: string, { stack, dataDir }: { stack: string; dataDir?: string | undefined }) {
  const now = identify({ stack, service, dataDir });
  return formerFolder ? [now, identify({ stack: former?.stack ?? stack, service, dataDir: formerFolder })] : [now];
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
