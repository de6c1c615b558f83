/**
 * Bounds the processes of containers. Standard input: a {@link ProcessLimit} as JSON. Run by `DockerProcessLimit`. An
 * engine that cannot bound them, such as a rootless one without the cgroup for it, only warns.
 */
import { dockerSays } from "./docker-engine.ts";
import { Problem, readStdin, runScript } from "./problem.ts";

export interface ProcessLimit {
  /** Docker context. @default the docker command's current one */
  context?: string | undefined;
  /** Names of the containers. */
  containers: string[];
  /** Most processes and threads of each. */
  mostProcesses: number;
}

async function main(): Promise<void> {
  const { context, containers, mostProcesses } = await readStdin<ProcessLimit>();
  await dockerSays(context, "update", "--pids-limit", String(mostProcesses), ...containers).catch((error: Error) => {
    throw new Problem(
      `the containers ${containers.join(", ")} must take a limit of ${mostProcesses} processes, and Docker says: ` +
        `${error.message}. Remedy: docker ps --all tells which of them is missing; run npm start again`,
    );
  });
}

await runScript(main);
