import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { readJson, writePrivateFile } from "../data/private-file.ts";
import { containersOf, docker } from "../places/docker-engine.ts";
import { ask } from "../places/kubectl.ts";
import { workloadsOf } from "../places/kubernetes-cluster.ts";
import type { Problem } from "../problem.ts";
import { run } from "../process.ts";
import { backendProblem, type Engine, type FormerHome, type Home, homeProblem } from "../stack/home.ts";
import type { PreflightSpec } from "../stack/preflight-spec.ts";
import { backendUrl, ownBackendUrl } from "./backend.ts";
import { homeFile, projectFolder } from "./paths.ts";
import { identify } from "./supervisors/service.ts";

type Needs = Pick<PreflightSpec, "stack" | "dataDir" | "services" | "docker" | "kubernetes">;

/** The home that a stack has when it is brought up from here. */
export async function homeHere(needs: Needs): Promise<Home> {
  const [machine, engine] = await Promise.all([machineId(), engineOf(needs)]);
  const { username: user } = userInfo();
  const backend = withoutCredentials(backendUrl(process.env) ?? ownBackendUrl());
  return { stack: needs.stack, machine, host: hostname(), user, folder: projectFolder(), backend, engine };
}

/** What a stack's state knows of it. */
export interface StateOfHome {
  /** It has never been up, as far as its state knows. */
  isNew: boolean;
  former: FormerHome | undefined;
}

/** Why a stack must not be changed from `here`; `undefined` where it may. */
export async function findHomeProblem(
  needs: Needs,
  here: Home,
  { isNew, former }: StateOfHome,
): Promise<Problem | undefined> {
  const isInCluster = needs.kubernetes !== undefined && needs.services.length === 0;
  const isMoved = former && movedFrom(here, former) !== undefined;
  const problem = former && homeProblem(here, isMoved ? { ...former, folder: here.folder } : former, isInCluster);
  if (problem) return problem;
  const record = readJson<FormerHome>(homeFile(here.stack));
  const local = record?.engine?.id === here.engine?.id ? record : undefined;
  if (local ? local.backend === here.backend : !isNew) return undefined;
  const parts = await partsHere(needs);
  return parts.length > 0 ? backendProblem(here, local, parts) : undefined;
}

/** The folder that a stack's project was moved from; `undefined` where it was not, or was copied. */
export function movedFrom(here: Home, former: Home): string | undefined {
  const isMoved =
    here.machine === former.machine &&
    here.user === former.user &&
    here.folder !== former.folder &&
    !existsSync(join(former.folder, "Pulumi.yaml"));
  return isMoved ? former.folder : undefined;
}

/** Notes on this machine what a stack belongs to. */
export function keepHome(home: FormerHome): void {
  writePrivateFile(homeFile(home.stack), `${JSON.stringify(home)}\n`);
}

/** What has a stack's name here, whichever state it is of. What an engine does not say is for other checks. */
async function partsHere({ stack, dataDir, services, docker, kubernetes }: Needs): Promise<string[]> {
  const started = services.filter((service) => existsSync(identify({ stack, service, dataDir }).record));
  const found = await Promise.all([
    docker ? containersOf(stack, docker.context).catch(() => []) : [],
    kubernetes ? workloadsOf(kubernetes, stack).catch(() => []) : [],
  ]);
  return [...started, ...found.flat()];
}

/** `undefined` while the engine does not answer, which the preflight reports. */
async function engineOf({ docker: needs, kubernetes }: Needs): Promise<Engine | undefined> {
  if (kubernetes) {
    const args = ["get", "namespace", "kube-system", "--output", "jsonpath={.metadata.uid}"];
    const id = await ask(kubernetes, args).catch(() => "");
    return id ? { kind: "kubernetes", id, name: kubernetes.context } : undefined;
  }
  if (!needs) return undefined;
  const { DOCKER_HOST, DOCKER_CONTEXT } = process.env;
  // Docker 20.10 has its id from /etc/docker, where two engines of one machine share it; their data they never share.
  const id = await docker(needs.context, ["info", "--format", "{{.ID}} {{.DockerRootDir}}"]).catch(() => "");
  return id ? { kind: "docker", id, name: needs.context ?? DOCKER_HOST ?? DOCKER_CONTEXT ?? "default" } : undefined;
}

/** Hash of the machine's id, which machine-id(5) asks not to show; its name where it has none. */
async function machineId(): Promise<string> {
  const id = process.platform === "darwin" ? await platformId() : readFile("/etc/machine-id");
  return createHash("sha256")
    .update(`inngest-local ${id || hostname()}`)
    .digest("hex")
    .slice(0, 16);
}

async function platformId(): Promise<string> {
  const printed = await run("ioreg", ["-rd1", "-c", "IOPlatformExpertDevice"]).catch(() => "");
  return /"IOPlatformUUID" = "([^"]+)"/.exec(printed)?.[1] ?? "";
}

function readFile(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}

/** Backends in a bucket or a database may have a password in their URL. */
function withoutCredentials(url: string): string {
  return url.replace(/\/\/[^/@]*@/, "//").replace(/\?.*/, "");
}
