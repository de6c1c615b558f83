import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { atLeast } from "../../lib/host/versions.ts";
import { dockerProblem, dockerSays } from "../../lib/places/docker-engine.ts";
import { dockerNames } from "../../lib/stack/docker-names.ts";
import { broken, brokenBy, type DoctorCheck, ok, type Patient, warning } from "./outcome.ts";

const gigabyte = 1024 ** 3;
/** The oldest engine that knows `host-gateway`, by which containers reach this machine. */
const leastVersion = "20.10.0";
/** Server, queue and worker together use about a quarter of it. */
const leastMemory = 2 * gigabyte;
const leastDisk = 2 * gigabyte;

/** What the Docker tier needs of its engine, and whether its containers and this machine reach each other. */
export function dockerChecks(patient: Patient): DoctorCheck[] {
  const context = patient.settings.dockerContext;
  return [
    { id: "docker", run: () => engine(context) },
    { id: "images", run: () => images(patient) },
    ...(patient.outputs ? [{ id: "reach", run: () => reach(patient) }] : []),
  ];
}

async function engine(context: string | undefined) {
  const problem = await dockerProblem(context);
  if (problem) return brokenBy(problem);
  interface Info {
    ServerVersion: string;
    OperatingSystem: string;
    MemTotal: number;
    DockerRootDir: string;
  }
  const info = JSON.parse(await dockerSays(context, "info", "--format", "{{json .}}")) as Info;
  const endpoint = await dockerSays(
    context,
    "context",
    "inspect",
    "--format",
    "{{.Name}} ({{.Endpoints.docker.Host}})",
  );
  // On macOS the folder is one of the engine's own machine.
  const free = existsSync(info.DockerRootDir) ? await freeAt(info.DockerRootDir) : undefined;
  const memory = `${(info.MemTotal / gigabyte).toFixed(1)} GiB of memory`;
  const disk = free === undefined ? "" : `, ${(free / gigabyte).toFixed(1)} GiB of disk free`;
  const seen = `Docker ${info.ServerVersion} on ${info.OperatingSystem}, context ${endpoint}, ${memory}${disk}`;
  if (!atLeast(info.ServerVersion, leastVersion)) {
    return broken(`${seen}; older than ${leastVersion}, it knows no host-gateway`, "update Docker");
  }
  if (free !== undefined && free < leastDisk)
    return broken(`${seen}: the disk is full`, "docker system prune, or a larger disk");
  if (info.MemTotal < leastMemory) return warning(`${seen}: little memory`, "give the engine 2 GiB or more");
  return ok(seen);
}

async function freeAt(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

async function images({ settings }: Patient) {
  const { dockerContext, serverImage = "", gatewayImage = "", queueImage = "", upkeepImage = "" } = settings;
  const keeps = settings.durable === "true";
  const wanted = [
    serverImage,
    gatewayImage,
    ...(keeps && !settings.redisUrl ? [queueImage] : []),
    ...(keeps && settings.retention !== "off" ? [upkeepImage] : []),
  ];
  const absent: string[] = [];
  for (const image of wanted) {
    await dockerSays(dockerContext, "image", "inspect", image).catch(() => absent.push(image));
  }
  if (absent.length === 0) return ok(`${wanted.join(", ")} are here`);
  return warning(
    `${absent.join(" and ")} will be pulled by the next up`,
    `docker pull ${absent.join(" && docker pull ")}`,
  );
}

/** Both ways: this machine into the container, and the container to the worker. */
async function reach({ stack, settings, outputs }: Patient) {
  const { dockerContext, workerPlacement, workerPort, workerUrl, runtime, transport } = settings;
  const names = dockerNames(stack);
  const health = `${outputs?.apiUrl}/health`;
  const answer = await fetch(health, { signal: AbortSignal.timeout(5000) }).catch(() => undefined);
  const again = `npm start -- --stack ${stack}`;
  if (!answer?.ok) return broken(`this machine does not reach the server's container at ${health}`, again);
  if (transport === "connect") return ok("this machine reaches the server's container; the worker connects by itself");

  const [host, port] =
    workerPlacement === "container"
      ? [names.worker, "3111"]
      : ["host.docker.internal", runtime === "external" ? portOf(workerUrl) : workerPort];
  // The image has neither curl nor wget; its bash opens connections.
  const open = `timeout 5 bash -c '</dev/tcp/${host}/${port}'`;
  const reached = await dockerSays(dockerContext, "exec", names.server, "sh", "-c", open).then(
    () => true,
    () => false,
  );
  if (reached) return ok(`this machine reaches the server's container, and it reaches the worker at ${host}:${port}`);
  const firewall =
    "let a firewall on this machine pass Docker's bridge to that port, or pulumi config set transport connect";
  return broken(`the server's container does not reach the worker at ${host}:${port}`, `${again}; ${firewall}`);
}

function portOf(address = ""): string {
  const { port, protocol } = new URL(address);
  return port || (protocol === "https:" ? "443" : "80");
}
