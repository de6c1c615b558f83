import { join } from "node:path";
import { execa } from "execa";
import { readHistory } from "../data/history.ts";
import { Problem } from "../problem.ts";
import { dockerNames, stackLabel } from "../stack/docker-names.ts";
import type { DockerPlace } from "../stack/stores.ts";

import { removeServices } from "./host-site.ts";
import { answered, withScripts } from "./scripts.ts";
import type { Site } from "./site.ts";

export function dockerSite(stack: string, { context, network, image, volume }: DockerPlace, dataDir?: string): Site {
  const names = dockerNames(stack);
  const flags = context ? ["--context", context] : [];
  const docker = async (...args: string[]) => {
    const result = await execa("docker", [...flags, ...args], { reject: false });
    if (result.exitCode !== 0) throw new Problem(`docker ${args[0]}: ${result.stderr.trim().split("\n").at(-1)}`);
    return result.stdout.trim();
  };
  const writers = [names.janitor, names.server];
  const each = async (containers: string[], command: string[]) => {
    for (const container of containers) {
      const there = await docker("container", "ls", "--all", "--quiet", "--filter", `name=^${container}$`);
      if (there) await docker(...command, container);
    }
  };
  return {
    database: "/data/main.db",
    aside: (name) => `/data/${name}`,

    async run(script, order, files) {
      if (volume === undefined) {
        throw new Problem(
          `stack ${stack} keeps nothing outside of its container`,
          `npm run pulumi -- config set durable true --stack ${stack}`,
        );
      }
      const container = `inngest-${stack}-upkeep-${process.pid}`;
      const program = ["node", `/upkeep/runtime/${script}.ts`];
      const labels = ["--label", `${stackLabel}=${stack}`];
      const mounts = ["--volume", `${volume}:/data`, "--network", network];
      try {
        await docker("create", "--interactive", "--name", container, ...labels, ...mounts, image, ...program);
        await withScripts((folder) => docker("cp", `${folder}/.`, `${container}:/upkeep`));
        if (files) await docker("cp", `${files}/.`, `${container}:/upkeep/files`);
        const start = [...flags, "start", "--attach", "--interactive", container];
        const answer = await answered("docker", start, { ...order, folder: "/upkeep/files" });
        if (files) await docker("cp", `${container}:/upkeep/files/.`, files);
        return answer as never;
      } finally {
        await docker("rm", "--force", container).catch(() => undefined);
      }
    },
    async serverVersion() {
      return await docker("exec", names.server, "inngest", "version");
    },
    async stop() {
      await removeServices(stack, dataDir, "backup");
      await each(writers, ["stop", "--time", "60"]);
    },
    start: () => each([names.queue, names.server, names.janitor, names.worker, names.gateway], ["start"]),
    closeDoor: () => each([names.gateway], ["stop", "--time", "60"]),
    async stopWorker() {
      await each([names.worker], ["stop", "--time", "60"]);
      await removeServices(stack, dataDir, "worker");
    },
    stopQueue: () => each([names.queue], ["stop", "--time", "60"]),
    startQueue: () => each([names.queue], ["start"]),
    ...(volume === undefined && {
      // Its folder may be in memory, and gone as soon as it stops; a copy of what is being written may be torn, and is
      // taken again then.
      async copyUnkept(folder: string) {
        for (let tries = 5; ; tries--) {
          for (const suffix of ["", "-wal"]) {
            const file = join(folder, `history.db${suffix}`);
            await execa("docker", [...flags, "exec", names.server, "cat", `/data/main.db${suffix}`], {
              stdout: { file },
            });
          }
          try {
            readHistory(join(folder, "history.db"));
            return;
          } catch (error) {
            if (tries === 0) throw error;
          }
        }
      },
    }),
  };
}
