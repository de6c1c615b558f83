import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { readHistory } from "../data/history.ts";
import { Problem } from "../problem.ts";
import { pathOf } from "../runtime-files.ts";
import { containerName, stackLabel } from "../stack/docker-names.ts";
import type { DockerPlace } from "../stack/stores.ts";
import { untilResolved } from "../wait.ts";
import type { DataAnswer, DataPrograms, DataRequest, StackData } from "./data.ts";
import { answerOf, withPrograms } from "./data-programs.ts";
import { contextFlag, docker } from "./docker-engine.ts";

/** Folder of the volume in each container that mounts it. */
const dataFolder = "/data";
/** Folder of a container of ours, for programs and files. */
const workFolder = "/upkeep";

/** The data of a stack whose server is a container. */
export function dockerData(stack: string, { context, network, image, volume }: DockerPlace): StackData {
  const server = containerName(stack, "server");
  const database = `${dataFolder}/main.db`;
  return {
    database,
    previousAt: (name) => `${dataFolder}/${name}`,

    async runNextToData<P extends keyof DataPrograms>(program: P, request: DataRequest<P>, files?: string) {
      if (volume === undefined) {
        throw new Problem(
          `stack ${stack} keeps nothing outside of its container`,
          `npm run pulumi -- config set durable true --stack ${stack}`,
        );
      }
      const container = `inngest-${stack}-upkeep-${process.pid}`;
      const folder = `${workFolder}/files`;
      const shape = ["--interactive", "--name", container, "--label", `${stackLabel}=${stack}`];
      const reach = ["--volume", `${volume}:${dataFolder}`, "--network", network];
      try {
        await docker(context, ["create", ...shape, ...reach, image, "node", `${workFolder}/${pathOf(program)}`]);
        await withPrograms((programs) => docker(context, ["cp", `${programs}/.`, `${container}:${workFolder}`]));
        if (files) await docker(context, ["cp", `${files}/.`, `${container}:${folder}`]);
        const start = [...contextFlag(context), "start", "--attach", "--interactive", container];
        const answer = await answerOf<DataAnswer<P>>("docker", start, { ...request, database, folder });
        if (files) await docker(context, ["cp", `${container}:${folder}/.`, files]);
        return answer;
      } finally {
        await docker(context, ["rm", "--force", container]).catch(() => undefined);
      }
    },

    serverVersion: () => docker(context, ["exec", server, "inngest", "version"]),

    ...(volume === undefined && {
      // Its folder may be in memory, and is gone as soon as the container stops. A copy of a file that is being written
      // may be torn, so it is read, and taken again if need be.
      copyEphemeralHistory: (folder: string) =>
        untilResolved({ seconds: copySeconds }, async () => {
          for (const suffix of ["", "-wal"]) {
            const args = [...contextFlag(context), "exec", server, "cat", `${database}${suffix}`];
            await saveOutput("docker", args, join(folder, `history.db${suffix}`));
          }
          readHistory(join(folder, "history.db"));
        }),
    }),
  };
}

/** Seconds within which a copy must succeed. */
const copySeconds = 10;

/** Runs a command whose output goes into a file, byte for byte; its failure shows in what is then in the file. */
async function saveOutput(program: string, args: string[], file: string): Promise<void> {
  const output = openSync(file, "w", 0o600);
  try {
    await once(spawn(program, args, { stdio: ["ignore", output, "ignore"] }), "close");
  } finally {
    closeSync(output);
  }
}
