import { Problem } from "../problem.ts";

/** What a stack belongs to. Known to its state (output `home`), and to the machine that it was last brought up on. */
export interface Home {
  stack: string;
  /** Hash of the machine's id. */
  machine: string;
  /** The machine's name, for people. */
  host: string;
  user: string;
  /** The project's folder. */
  folder: string;
  /** URL of Pulumi's backend, without credentials. */
  backend: string;
  /** Where its containers or pods are. @default it has none */
  engine?: Engine | undefined;
}

/** A Docker engine or a cluster. */
export interface Engine {
  kind: "docker" | "kubernetes";
  id: string;
  /** Its context, or the value of DOCKER_HOST. */
  name: string;
}

/** A home that a stack had when it was last brought up. */
export interface FormerHome extends Home {
  /** When it got that home, as an ISO date. */
  since: string;
}

/** Variable with which a stack goes on wherever `up` is run. */
export const takeOverVariable = "INNGEST_LOCAL_TAKE_OVER";

/**
 * Why a stack that its state knows must not be changed from here: it was renamed, or belongs to another machine, user,
 * folder or engine.
 *
 * @param isInCluster nothing of it is on this machine, so that any may work on it
 */
export function homeProblem(here: Home, former: FormerHome, isInCluster: boolean): Problem | undefined {
  const elsewhere = isInCluster ? undefined : elsewhereProblem(here, former);
  return renameProblem(here, former) ?? elsewhere ?? engineProblem(here, former);
}

/**
 * Why a stack whose parts are here must not be changed from this backend.
 *
 * @param local what this machine knows of it
 */
export function backendProblem(here: Home, local: FormerHome | undefined, parts: string[]): Problem {
  const whose = local ? ` of ${local.folder} (${describe(local)})` : "";
  const what = `a stack ${here.stack}${whose} is here already (${parts.join(", ")})`;
  const others = `go on here, with new keys: ${takeOver(here.stack)}; or ${anotherStack(here.stack)}`;
  if (!local) {
    const remedy = `work where its state is; or ${others}`;
    return new Problem(`${what}, and the state at ${here.backend} does not know it`, remedy);
  }
  return new Problem(
    `${what}, with its state at ${local.backend}, and this is ${here.backend}`,
    `go back to that state: pulumi login ${local.backend}; or ${others}`,
  );
}

function renameProblem({ stack }: Home, { stack: before }: FormerHome): Problem | undefined {
  if (before === stack) return undefined;
  return new Problem(
    `stack ${stack} was renamed, and what it has on this machine, its data too, has its former name ${before}`,
    `rename it back: npm run pulumi -- stack rename ${before} --stack ${stack}; then \`npm run move\` moves its data to a ` +
      `stack of another name; or go on without its data: ${takeOver(stack)}`,
  );
}

function elsewhereProblem(here: Home, former: FormerHome): Problem | undefined {
  const isHere = here.machine === former.machine;
  const isMine = here.user === former.user;
  if (isHere && isMine && here.folder === former.folder) return undefined;
  const what = isHere
    ? isMine
      ? `another folder, ${here.folder}`
      : `another user, ${here.user}`
    : `another machine, ${here.host}`;
  const how =
    isHere && isMine
      ? "which restarts it from this folder"
      : "without its data there, and while what runs there keeps running";
  return new Problem(
    `stack ${here.stack} belongs to ${former.folder} (${describe(former)}), and this is ${what}`,
    `work there; or go on here, ${how}: ${takeOver(here.stack)}; or ${anotherStack(here.stack)}`,
  );
}

function engineProblem({ stack, engine }: Home, { engine: former }: FormerHome): Problem | undefined {
  if (!engine || engine.kind !== former?.kind || engine.id === former.id) return undefined;
  const isDocker = engine.kind === "docker";
  const what = isDocker ? "Docker engine" : "cluster";
  const goOn = `go on here, without its data there, and while what runs there keeps running: ${takeOver(stack)}`;
  const other = `or ${anotherStack(stack)}`;
  if (engine.name === former.name) {
    return new Problem(`stack ${stack} belongs to another ${what} than "${engine.name}" is now`, `${goOn}; ${other}`);
  }
  return new Problem(
    `stack ${stack} belongs to the ${what} of "${former.name}", and "${engine.name}" is another one`,
    `go back to it: ${switchTo(former)}; or ${goOn}; ${other}`,
  );
}

function switchTo({ kind, name }: Engine): string {
  if (kind === "kubernetes") return `pulumi config set kubeContext ${name}`;
  if (name.includes("://")) return `export DOCKER_HOST=${name}`;
  return `docker context use ${name}, or pulumi config set dockerContext ${name}`;
}

function describe({ user, host, since }: FormerHome): string {
  return `${user} on ${host}, since ${since.slice(0, 16)}Z`;
}

function takeOver(stack: string): string {
  return `npm start -- --stack ${stack} --take-over`;
}

function anotherStack(stack: string): string {
  return `make one of your own: cp Pulumi.${stack}.yaml Pulumi.${stack}2.yaml && npm start -- --stack ${stack}2`;
}
