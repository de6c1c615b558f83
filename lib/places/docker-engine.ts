import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { canListenOn } from "../host/ports.ts";
import { onPath } from "../host/programs.ts";
import { Problem } from "../problem.ts";

const run = promisify(execFile);

function docker(context: string | undefined, ...args: string[]) {
  return run("docker", [...(context ? ["--context", context] : []), ...args]);
}

/** What a docker command prints. Throws what went wrong, in Docker's own words. */
export async function dockerSays(context: string | undefined, ...args: string[]): Promise<string> {
  try {
    return (await docker(context, ...args)).stdout.trim();
  } catch (error) {
    throw new Error(reason(error));
  }
}

export interface DockerNeeds {
  /** Docker context. @default the docker command's current one */
  context?: string | undefined;
  /** Images that must be here or come by a pull, with the setting that names each. */
  images: { setting: string; image: string }[];
}

/** Why no engine can be used, or `undefined`. */
export async function dockerProblem(context: string | undefined): Promise<string | undefined> {
  if (onPath("docker") === undefined) {
    return (
      "no `docker` command on PATH, and tier docker needs a Docker engine. " +
      "Remedy: install Docker Desktop, OrbStack or Colima (macOS) or Docker Engine (Linux), or pulumi config set tier process"
    );
  }
  try {
    await docker(context, "version", "--format", "{{.Server.Version}}");
    return undefined;
  } catch (error) {
    const remedy = "Remedy: start Docker, or pulumi config set dockerContext to one of `docker context ls`";
    const name = context ? `\`dockerContext\` must name a context whose engine answers, got "${context}": ` : "";
    return `${name}no Docker engine answers at ${await endpointOf(context)} (${reason(error)}). ${remedy}`;
  }
}

/** What keeps the Docker tier from being deployed; pulls the images that are not here yet. */
export async function dockerProblems({ context, images }: DockerNeeds): Promise<string[]> {
  const problem = await dockerProblem(context);
  if (problem) return [problem];
  const problems = await Promise.all(
    images.map(async ({ setting, image }) => {
      if (await docker(context, "image", "inspect", image).catch(() => undefined)) return [];
      const remedy = `Remedy: check the name and the network, docker login for a private registry, or pulumi config rm ${setting}`;
      return docker(context, "pull", "--quiet", image).then(
        () => [],
        (error) => [
          `\`${setting}\` must name an image that can be pulled, got "${image}" (${reason(error)}). ${remedy}`,
        ],
      );
    }),
  );
  return problems.flat();
}

/** Ports that the stack's own containers publish on this machine. */
export async function publishedPorts(stack: string, context?: string): Promise<number[]> {
  const filter = ["--filter", `label=${stackLabel}=${stack}`, "--format", "{{.Ports}}"];
  const { stdout } = await docker(context, "ps", ...filter).catch(() => ({ stdout: "" }));
  return [...stdout.matchAll(/:(\d+)->/g)].map((match) => Number(match[1]));
}

/** Deletes the data of a stack whose containers are gone. Throws {@link Problem} where another one uses it. */
export async function removeVolumes(stack: string, context?: string): Promise<void> {
  const { stdout } = await docker(context, "volume", "ls", "--quiet", "--filter", `label=${stackLabel}=${stack}`);
  const volumes = stdout.split("\n").filter(Boolean);
  if (volumes.length === 0) return;
  await docker(context, "volume", "rm", ...volumes).catch((error) => {
    throw new Problem(
      `the stack is down, but its data is not deleted: ${reason(error)}`,
      "docker ps --all --filter volume=NAME tells what uses it; remove that, and run this command again",
    );
  });
}

/** Removes the images that were built for a stack, which the provider leaves behind. */
export async function removeImages(stack: string, context?: string): Promise<void> {
  const { stdout } = await docker(context, "image", "ls", "--quiet", `inngest-${stack}-worker`);
  const images = [...new Set(stdout.split("\n").filter(Boolean))];
  if (images.length > 0) await docker(context, "image", "rm", "--force", ...images);
}

/** Removes a stack's container or network of that name, where there is one; what is not the stack's stays. */
export async function removeNamed(
  kind: "container" | "network",
  { name, stack, context }: { name: string; stack: string; context?: string | undefined },
): Promise<void> {
  const all = kind === "container" ? ["--all"] : [];
  const filters = ["--filter", `name=^/?${name}$`, "--filter", `label=${stackLabel}=${stack}`];
  const { stdout } = await docker(context, kind, "ls", ...all, "--quiet", ...filters);
  const found = stdout.split("\n").filter(Boolean);
  const force = kind === "container" ? ["--force"] : [];
  if (found.length > 0) await docker(context, kind, "rm", ...force, ...found);
}

/** Label on everything that a stack has in Docker; its value is the stack's name. */
export const stackLabel = "inngest-local.stack";

/**
 * The address at which a Linux engine's containers meet this machine, when this machine has it. On Docker Desktop,
 * OrbStack and Colima the engine is in a virtual machine, whose gateway forwards to 127.0.0.1 of the host.
 */
export async function hostGateway(context?: string): Promise<string | undefined> {
  if (process.platform !== "linux") return undefined;
  const format = "{{range .IPAM.Config}}{{.Gateway}} {{.Subnet}}{{end}}";
  const { stdout } = await docker(context, "network", "inspect", "bridge", "--format", format);
  const [gateway, subnet] = stdout.split(/[ /\n]/);
  // Docker 20.10 tells no gateway of the default bridge before a container used it; it is the subnet's first address.
  const address = gateway || (subnet as string).replace(/\d+$/, (last) => String(Number(last) + 1));
  return (await canListenOn(address)) ? address : undefined;
}

async function endpointOf(context?: string): Promise<string> {
  if (!context && process.env.DOCKER_HOST) return process.env.DOCKER_HOST;
  try {
    const name = context ? [context] : [];
    const { stdout } = await run("docker", ["context", "inspect", ...name, "--format", "{{.Endpoints.docker.Host}}"]);
    return stdout.trim();
  } catch {
    return `the endpoint of context "${context}", which docker does not know`;
  }
}

function reason(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  const lines = (stderr || message).trim().split("\n");
  return (lines.at(-1) as string).replace(/^(error|Error response from daemon): /i, "");
}
