import { canListenOn } from "../host/ports.ts";
import { onPath } from "../host/programs.ts";
import { Problem } from "../problem.ts";
import { type CommandFailed, type RunOptions, run } from "../process.ts";
import { stackLabel } from "../stack/docker-names.ts";
import type { WantedImage } from "../stack/parts.ts";

/** Runs docker, and resolves to what it printed. @throws {CommandFailed} with Docker's own reason */
export function docker(context: string | undefined, args: readonly string[], options?: RunOptions): Promise<string> {
  return run("docker", [...contextFlag(context), ...args], options);
}

/** Arguments that choose the context; none for the docker command's current one. */
export function contextFlag(context: string | undefined): string[] {
  return context ? ["--context", context] : [];
}

export interface DockerNeeds {
  /** Docker context. @default the docker command's current one */
  context?: string | undefined;
  /** Images that must be on this machine or come by a pull. */
  images: WantedImage[];
}

/** Why no engine can be used, or `undefined`. */
export async function dockerProblem(context: string | undefined): Promise<Problem | undefined> {
  if (onPath("docker") === undefined) {
    return new Problem(
      "no `docker` command on PATH, and tier docker needs a Docker engine",
      "install Docker Desktop, OrbStack or Colima (macOS) or Docker Engine (Linux), or pulumi config set tier process",
    );
  }
  try {
    await docker(context, ["version", "--format", "{{.Server.Version}}"]);
    return undefined;
  } catch (error) {
    const name = context ? `\`dockerContext\` must name a context whose engine answers, got "${context}": ` : "";
    return new Problem(
      `${name}no Docker engine answers at ${await endpointOf(context)} (${(error as CommandFailed).reason})`,
      "start Docker, or pulumi config set dockerContext to one of `docker context ls`",
    );
  }
}

/** What keeps the Docker tier from being deployed. Pulls the images that are not on this machine yet. */
export async function dockerProblems({ context, images }: DockerNeeds): Promise<Problem[]> {
  const problem = await dockerProblem(context);
  if (problem) return [problem];
  const problems = await Promise.all(
    images.map(async ({ setting, image }) => {
      if (await isPresent(image, context)) return [];
      return docker(context, ["pull", "--quiet", image]).then(
        () => [],
        ({ reason }: CommandFailed) => [
          new Problem(
            `\`${setting}\` must name an image that can be pulled, got "${image}" (${reason})`,
            `check the name and the network, docker login for a private registry, or pulumi config rm ${setting}`,
          ),
        ],
      );
    }),
  );
  return problems.flat();
}

export async function isPresent(image: string, context?: string): Promise<boolean> {
  return (await docker(context, ["image", "inspect", image]).catch(() => undefined)) !== undefined;
}

/** Ports of this machine that a stack's own containers publish. */
export async function publishedPorts(stack: string, context?: string): Promise<number[]> {
  const filter = ["--filter", `label=${stackLabel}=${stack}`, "--format", "{{.Ports}}"];
  const printed = await docker(context, ["ps", ...filter]).catch(() => "");
  return [...printed.matchAll(/:(\d+)->/g)].map((match) => Number(match[1]));
}

/** Names of a stack's containers, also of those that have stopped. */
export async function containersOf(stack: string, context?: string): Promise<string[]> {
  const filter = ["--filter", `label=${stackLabel}=${stack}`, "--format", "{{.Names}}"];
  return await listed(context, ["container", "ls", "--all", ...filter]);
}

/** Removes a stack's containers and networks, and leaves its volumes. */
export async function removeContainers(stack: string, context?: string): Promise<void> {
  const containers = await containersOf(stack, context);
  if (containers.length > 0) await docker(context, ["container", "rm", "--force", ...containers]);
  const filter = ["--filter", `label=${stackLabel}=${stack}`];
  const networks = await listed(context, ["network", "ls", "--quiet", ...filter]);
  if (networks.length > 0) await docker(context, ["network", "rm", ...networks]);
}

/** Deletes the data of a stack whose containers are gone. @throws {Problem} when another container uses it */
export async function removeVolumes(stack: string, context?: string): Promise<void> {
  const volumes = await listed(context, ["volume", "ls", "--quiet", "--filter", `label=${stackLabel}=${stack}`]);
  if (volumes.length === 0) return;
  await docker(context, ["volume", "rm", ...volumes]).catch(({ reason }: CommandFailed) => {
    throw new Problem(
      `the stack is down, but its data is not deleted: ${reason}`,
      "docker ps --all --filter volume=NAME shows what uses it; remove that, and run this command again",
    );
  });
}

/** Removes the images that were built for a stack, which the provider leaves behind. */
export async function removeImages(stack: string, context?: string): Promise<void> {
  const images = new Set(await listed(context, ["image", "ls", "--quiet", `inngest-${stack}-worker`]));
  if (images.size > 0) await docker(context, ["image", "rm", "--force", ...images]);
}

/** Removes a stack's container or network of that name, if there is one; what is not the stack's stays. */
export async function removeNamed(
  kind: "container" | "network",
  { name, stack, context }: { name: string; stack: string; context?: string | undefined },
): Promise<void> {
  const all = kind === "container" ? ["--all"] : [];
  const filters = ["--filter", `name=^/?${name}$`, "--filter", `label=${stackLabel}=${stack}`];
  const found = await listed(context, [kind, "ls", ...all, "--quiet", ...filters]);
  const force = kind === "container" ? ["--force"] : [];
  if (found.length > 0) await docker(context, [kind, "rm", ...force, ...found]);
}

/**
 * The address at which a Linux engine's containers reach this machine, if this machine has it. On Docker Desktop,
 * OrbStack and Colima the engine is in a virtual machine, whose gateway forwards to 127.0.0.1 of the host.
 */
export async function hostGateway(context?: string): Promise<string | undefined> {
  if (process.platform !== "linux") return undefined;
  const format = "{{range .IPAM.Config}}{{.Gateway}} {{.Subnet}}{{end}}";
  const printed = await docker(context, ["network", "inspect", "bridge", "--format", format]);
  const [, gateway, subnet = ""] = /^(?:(\S+) )?(\S+?)\/\d+/.exec(printed) ?? [];
  // Docker 20.10 lists no gateway of the default bridge before a container has used it: it is the subnet's first address.
  const address = gateway ?? subnet.replace(/\d+$/, (last) => String(Number(last) + 1));
  return (await canListenOn(address)) ? address : undefined;
}

async function endpointOf(context?: string): Promise<string> {
  if (!context && process.env.DOCKER_HOST) return process.env.DOCKER_HOST;
  const name = context ? [context] : [];
  return run("docker", ["context", "inspect", ...name, "--format", "{{.Endpoints.docker.Host}}"]).catch(
    () => `the endpoint of context "${context}", which docker does not know`,
  );
}

async function listed(context: string | undefined, args: string[]): Promise<string[]> {
  return (await docker(context, args)).split("\n").filter(Boolean);
}
