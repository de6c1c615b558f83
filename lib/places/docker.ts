import type { LastSweep } from "../data/requests.ts";
import { containerName } from "../stack/docker-names.ts";
import type { Part } from "../stack/parts.ts";
import { stopGraceSeconds } from "../stack/stop-grace.ts";
import { contextFlag, docker } from "./docker-engine.ts";
import { type Place, sizeInContainer } from "./place.ts";

interface ContainerState {
  Running: boolean;
  StartedAt: string;
  Status: string;
  Health?: { Status: string };
}

/** Published ports by `8288/tcp`; `null` for a port that is only exposed to other containers. */
type PublishedPorts = Record<string, { HostIp: string; HostPort: string }[] | null>;

/** A Docker engine, where parts are containers. */
export function dockerPlace({ stack, context }: { stack: string; context?: string | undefined }): Place {
  const containerOf = ({ name }: Part) => containerName(stack, name);
  const describe = (part: Part) => `container ${containerOf(part)}`;
  const inspect = async <T>(part: Part, field: string): Promise<T> =>
    JSON.parse(
      await docker(context, ["container", "inspect", "--format", `{{json ${field}}}`, containerOf(part)]),
    ) as T;
  const exists = async (part: Part) =>
    (await docker(context, ["container", "ls", "--all", "--quiet", "--filter", `name=^${containerOf(part)}$`])) !== "";
  const exec: Place["exec"] = (part, command, input) => {
    const interactive = input === undefined ? [] : ["--interactive"];
    return docker(context, ["exec", ...interactive, containerOf(part), ...command], { input });
  };

  return {
    describe,

    async state(part) {
      const { Running, StartedAt, Status, Health } = await inspect<ContainerState>(part, ".State");
      const since = Running ? StartedAt : undefined;
      return { isRunning: Running, what: describe(part), since, detail: Health?.Status ?? Status };
    },

    async logs(part, { lines, follow }) {
      if (!(await exists(part))) return undefined;
      const shape = [`--tail=${lines}`, ...(follow ? ["--follow"] : [])];
      return ["docker", ...contextFlag(context), "logs", ...shape, containerOf(part)];
    },

    exec,

    async listeners(part) {
      if (!(await exists(part))) return [];
      const ports = await inspect<PublishedPorts>(part, ".NetworkSettings.Ports");
      return Object.values(ports).flatMap((published) =>
        (published ?? []).map(({ HostIp, HostPort }) => ({
          who: describe(part),
          host: HostIp,
          port: Number(HostPort),
        })),
      );
    },

    size: (part) => sizeInContainer(exec, part),

    async start(part) {
      if (!(await exists(part))) return false;
      await docker(context, ["start", containerOf(part)]);
      return true;
    },

    async stop(part) {
      if (await exists(part)) await docker(context, ["stop", "--time", String(stopGraceSeconds), containerOf(part)]);
    },

    async kill(part) {
      await docker(context, ["kill", containerOf(part)]);
    },

    async remove(part) {
      await docker(context, ["rm", "--force", containerOf(part)]);
    },

    async lastSweep(janitor) {
      const printed = await exec(janitor, ["cat", "/data/janitor/last-sweep.json"]).catch(() => undefined);
      return printed === undefined ? undefined : (JSON.parse(printed) as LastSweep);
    },
  };
}
