import { existsSync } from "node:fs";
import { atLeast } from "../../lib/host/versions.ts";
import { docker, dockerProblem, isPresent } from "../../lib/places/docker-engine.ts";
import { containerName } from "../../lib/stack/docker-names.ts";
import { readable, roomAt } from "../lib/sizes.ts";
import { broken, type DoctorCheck, type DoctorContext, type DoctorOutcome, ok, warning } from "./outcome.ts";

/** The oldest engine that knows `host-gateway`, by which containers reach this machine. */
const minVersion = "20.10.0";
/** In bytes. Server, queue and worker together use about a quarter of it. */
const minMemory = 2 * 1024 ** 3;
const minDisk = 2 * 1024 ** 3;

/** What the Docker tier needs of its engine, and whether its containers and this machine reach each other. */
export function dockerChecks(context: DoctorContext): DoctorCheck[] {
  const { parts, settings } = context.stack;
  if (!parts.all.some(({ place }) => place === "docker")) return [];
  return [
    { id: "docker", run: () => engine(settings.dockerContext) },
    { id: "images", run: () => images(context) },
    ...(context.outputs ? [{ id: "reach", run: () => reach(context, `${context.outputs?.apiUrl}/health`) }] : []),
  ];
}

async function engine(context: string | undefined): Promise<DoctorOutcome> {
  const problem = await dockerProblem(context);
  if (problem) throw problem;
  interface Info {
    ServerVersion: string;
    OperatingSystem: string;
    MemTotal: number;
    DockerRootDir: string;
  }
  const endpointFormat = "{{.Name}} ({{.Endpoints.docker.Host}})";
  const [printed, endpoint] = await Promise.all([
    docker(context, ["info", "--format", "{{json .}}"]),
    docker(context, ["context", "inspect", "--format", endpointFormat]),
  ]);
  const info = JSON.parse(printed) as Info;
  // On macOS the folder is inside the virtual machine of the engine.
  const free = existsSync(info.DockerRootDir) ? await roomAt(info.DockerRootDir) : undefined;
  const disk = free === undefined ? "" : `, ${readable(free)} of disk free`;
  const memory = `${readable(info.MemTotal)} of memory`;
  const seen = `Docker ${info.ServerVersion} on ${info.OperatingSystem}, context ${endpoint}, ${memory}${disk}`;
  if (!atLeast(info.ServerVersion, minVersion)) {
    return broken(`${seen}; older than ${minVersion}, it knows no host-gateway`, "update Docker");
  }
  if (free !== undefined && free < minDisk)
    return broken(`${seen}: the disk is full`, "docker system prune, or a larger disk");
  if (info.MemTotal < minMemory) return warning(`${seen}: little memory`, "give the engine 2 GiB or more");
  return ok(seen);
}

async function images({ stack: { parts, settings } }: DoctorContext): Promise<DoctorOutcome> {
  const wanted = parts.all.flatMap(({ place, image }) => (place === "docker" && image ? [image.image] : []));
  const present = await Promise.all(wanted.map((image) => isPresent(image, settings.dockerContext)));
  const absent = wanted.filter((_, index) => !present[index]);
  if (absent.length === 0) return ok(`${wanted.join(", ")} are here`);
  return warning(
    `${absent.join(" and ")} will be pulled by the next up`,
    `docker pull ${absent.join(" && docker pull ")}`,
  );
}

/** Both directions: from this machine into the server's container, and from there to the worker. */
async function reach({ stack }: DoctorContext, health: string): Promise<DoctorOutcome> {
  const { dockerContext, worker } = stack.settings;
  const answer = await fetch(health, { signal: AbortSignal.timeout(5000) }).catch(() => undefined);
  const again = `npm start -- --stack ${stack.name}`;
  if (!answer?.ok) return broken(`this machine does not reach the server's container at ${health}`, again);
  if (worker.transport === "connect") {
    return ok("this machine reaches the server's container; the worker opens the connection to it");
  }
  const [host, port] =
    worker.placement === "container"
      ? [containerName(stack.name, "worker"), "3111"]
      : ["host.docker.internal", worker.url ? portOf(worker.url) : worker.port];
  // The image has neither curl nor wget; its bash opens connections.
  const open = ["timeout", "5", "bash", "-c", `</dev/tcp/${host}/${port}`];
  const reached = await docker(dockerContext, ["exec", containerName(stack.name, "server"), ...open]).then(
    () => true,
    () => false,
  );
  if (reached) return ok(`this machine reaches the server's container, and it reaches the worker at ${host}:${port}`);
  return broken(
    `the server's container does not reach the worker at ${host}:${port}`,
    `${again}; let a firewall on this machine pass Docker's bridge to that port, or pulumi config set transport connect`,
  );
}

function portOf({ port, protocol }: URL): string {
  return port || (protocol === "https:" ? "443" : "80");
}
