import type { LastSweep } from "../data/requests.ts";
import type { Listener } from "../host/spec.ts";
import { containerName, stackLabel } from "../stack/docker-names.ts";
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

/** A Docker engine, where parts are containers. */
export function dockerPlace({ stack, context }: { stack: string; context?: string | undefined }): Place {
  const containerOf = ({ name }: Part) => containerName(stack, name);
  const describe = (part: Part) => `container ${containerOf(part)}`;
  const exists = async (part: Part) =>
    (await docker(context, ["container", "ls", "--all", "--quiet", "--filter", `name=^${containerOf(part)}$`])) !== "";
  const exec: Place["exec"] = (part, command, input) => {
    const interactive = input === undefined ? [] : ["--interactive"];
    return docker(context, ["exec", ...interactive, containerOf(part), ...command], { input });
  };

  return {
    describe,

    async state(part) {
      const inspect = ["container", "inspect", "--format", "{{json .State}}", containerOf(part)];
      const { Running, StartedAt, Status, Health } = JSON.parse(await docker(context, inspect)) as ContainerState;
      const since = Running ? StartedAt : undefined;
      return { isRunning: Running, what: describe(part), since, detail: Health?.Status ?? Status };
    },

    async logs(part, { lines, follow }) {
      if (!(await exists(part))) return undefined;
      const shape = [`--tail=${lines}`, ...(follow ? ["--follow"] : [])];
      return ["docker", ...contextFlag(context), "logs", ...shape, containerOf(part)];
    },

    exec,

    async listeners(parts) {
      const ofStack = ["--filter", `label=${stackLabel}=${stack}`, "--format", "{{.Names}} {{.Ports}}"];
      const lines = (await docker(context, ["ps", ...ofStack])).split("\n");
      return lines.flatMap((line) => {
        const [name = ""] = line.split(" ");
        const part = parts.find((each) => containerOf(each) === name);
        return publishedAt(line).map((listener) => ({ ...listener, who: `container ${name}`, part }));
      });
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

/** The host's side of `0.0.0.0:8288->8288/tcp, [::]:8288->8288/tcp`. */
function publishedAt(ports: string): Listener[] {
  return [...ports.matchAll(/(\S+):(\d+)->/g)].map(([, host = "", port]) => ({
    host: host.replace(/^\[|\]$/g, ""),
    port: Number(port),
  }));
}
