import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import type { SweepReport } from "../lib/data/requests.ts";
import { onPath } from "../lib/host/programs.ts";
import { InngestApi } from "../lib/inngest/api.ts";
import { throughForward } from "../lib/places/forward.ts";
import { schema } from "../lib/settings/schema.ts";
import type { Forward } from "../lib/stack/endpoints.ts";
import type { Outputs } from "../lib/stack/outputs.ts";
import { succeeds } from "./docker.ts";
import { missing } from "./engine.ts";
import { loadImages } from "./local-cluster/images.ts";
import { clusterUp, contextName, kubeconfigFile } from "./local-cluster/node.ts";
import { part, partsAreBuilt } from "./local-cluster/parts.ts";
import { clusterImages, ensureImages, workerImages } from "./stand-in-images.ts";
import { eventually, type TestStack } from "./test-stack.ts";

/** A cluster that the suites may use, and how images get into it. */
export interface Cluster {
  context: string;
  kubeconfig?: string;
  load(images: string[]): void;
}

/** The worker, and the one in tests/fixtures/cluster-worker, as images. */
export const workerImage = "inngest-local-worker:cluster-test";
export const notingWorkerImage = "inngest-local-noting-worker:cluster-test";

let found: { cluster: Cluster } | { reason: string } | undefined;

/**
 * The cluster of TEST_KUBE_CONTEXT, of kind, or one made of the parts that `npm run cluster -- up` has built; with the
 * images in it. Builds no cluster. Otherwise why there is none.
 */
export async function clusterOrReason(): Promise<{ cluster: Cluster } | { reason: string }> {
  found ??= await findCluster();
  return found;
}

async function findCluster(): Promise<{ cluster: Cluster } | { reason: string }> {
  const lack = await missing("pulumi");
  if (lack) return { reason: lack };
  if (!succeeds("docker", "version")) return { reason: "no Docker engine, which builds the worker's image" };
  const cluster = named() ?? kind() ?? (await ownNode());
  if (!cluster) {
    return { reason: "no cluster: set TEST_KUBE_CONTEXT, start one with kind, or run `npm run cluster -- up` once" };
  }
  const images = ensureImages([...clusterImages, ...workerImages]);
  if (images) return { reason: images };
  const build = (image: string, ...args: string[]) =>
    execFileSync("docker", ["build", "--quiet", "--tag", image, ...args], { stdio: "pipe" });
  build(workerImage, "worker");
  const noting = `FROM ${workerImage}\nCOPY serve.ts .\n`;
  execFileSync(
    "docker",
    ["build", "--quiet", "--tag", notingWorkerImage, "--file", "-", "tests/fixtures/cluster-worker"],
    {
      input: noting,
      stdio: "pipe",
    },
  );
  cluster.load([...clusterImages, workerImage, notingWorkerImage]);
  return { cluster };
}

/** A cluster of the person's own, whose nodes have or can pull the images. */
function named(): Cluster | undefined {
  const context = process.env.TEST_KUBE_CONTEXT;
  return context ? { context, load: () => {} } : undefined;
}

function kind(): Cluster | undefined {
  if (!onPath("kind")) return undefined;
  const name = execFileSync("kind", ["get", "clusters"], { encoding: "utf8" }).split("\n")[0];
  if (!name) return undefined;
  return {
    context: `kind-${name}`,
    load: (images) => void execFileSync("kind", ["load", "docker-image", "--name", name, ...images], { stdio: "pipe" }),
  };
}

async function ownNode(): Promise<Cluster | undefined> {
  if (process.platform !== "linux" || process.getuid?.() !== 0 || !partsAreBuilt()) return undefined;
  await clusterUp();
  // The program under test finds kubectl as on anybody's machine.
  if (!onPath("kubectl")) process.env.PATH = `${part("kubectl").replace(/\/kubectl$/, "")}:${process.env.PATH}`;
  return { context: contextName, kubeconfig: kubeconfigFile, load: (images) => loadImages(images) };
}

/** An image in the cluster of a server that says it is 9.0.0, and is the one of this project's otherwise. */
export function nextServerImage(cluster: Cluster): string {
  const image = "inngest-local-server:9.0.0";
  const script = '#!/bin/sh\nif [ "$1" = version ]; then echo 9.0.0; else exec /usr/bin/inngest "$@"; fi\n';
  const build = mkdtempSync(join(tmpdir(), "server-image-"));
  try {
    writeFileSync(join(build, "inngest"), script, { mode: 0o755 });
    writeFileSync(join(build, "Dockerfile"), `FROM ${schema.serverImage.default}\nCOPY inngest /usr/local/bin/\n`);
    execFileSync("docker", ["build", "--quiet", "--tag", image, build], { stdio: "pipe" });
  } finally {
    rmSync(build, { recursive: true });
  }
  cluster.load([image]);
  return image;
}

/** kubectl on a cluster; throws with what it printed. */
export function kubectlOn({ context, kubeconfig }: Cluster) {
  const fixed = ["--context", context, ...(kubeconfig ? ["--kubeconfig", kubeconfig] : [])];
  return (args: string[], input?: string): string => {
    try {
      return execFileSync("kubectl", [...fixed, ...args], {
        encoding: "utf8",
        stdio: ["pipe", "pipe", "pipe"],
        maxBuffer: 1 << 28,
        ...(input === undefined ? {} : { input }),
      });
    } catch (error) {
      throw new Error(`kubectl ${args.join(" ")}: ${(error as { stderr?: string }).stderr}`);
    }
  };
}

export type Kubectl = ReturnType<typeof kubectlOn>;

/** Sends a stack an event through a port-forward of the test's own. */
export async function sendThrough(stack: TestStack, name: string, data: Record<string, unknown>): Promise<string> {
  const { forward, apiUrl, workerUrl, signingKey, eventKey } = (await stack.outputs()) as Outputs & {
    forward: Forward;
  };
  return await throughForward(forward, { apiUrl, workerUrl }, (reached) =>
    new InngestApi(reached.apiUrl, signingKey).send(eventKey, { name, data }),
  );
}

/** What a round of the janitor says: its cron job at once, told `told` but for its days, which are a second here. */
export function janitorRound(
  kubectl: Kubectl,
  namespace: string,
  told: object,
): Omit<SweepReport, "orphaned"> & { orphaned: number } {
  const inStack = (...args: string[]) => kubectl(["--namespace", namespace, ...args]);
  const job = JSON.parse(
    inStack("create", "job", "round", "--from=cronjob/janitor", "--dry-run=client", "--output=json"),
  );
  const { volumes } = job.spec.template.spec;
  const order = volumes.find(({ name }: { name: string }) => name === "order").secret;
  const secret = JSON.parse(inStack("get", "secret", order.secretName, "--output=json"));
  const content = JSON.parse(Buffer.from(secret.data["order.json"], "base64").toString());
  expect(content).toMatchObject(told);
  order.secretName = "round";
  const stringData = { "order.json": JSON.stringify({ ...content, days: 1 / 86_400 }) };
  for (const object of [{ apiVersion: "v1", kind: "Secret", metadata: { name: "round" }, stringData }, job]) {
    kubectl(["--namespace", namespace, "create", "--filename=-"], JSON.stringify(object));
  }
  inStack("wait", "job/round", "--for=condition=Complete", "--timeout=120s");
  const swept = JSON.parse(inStack("logs", "job/round", "--container=node"));
  inStack("delete", "job/round", "secret/round");
  return swept;
}

type Send = (name: string, data: Record<string, unknown>) => Promise<unknown>;

/**
 * A Redis for a noting worker, apart from the stack whose pods are deleted. In a namespace of this run's own: workers of
 * two runs that note in one place count for one another's.
 */
export class Notes {
  readonly namespace = `inngest-test-notes-${process.pid}`;
  readonly #kubectl: Kubectl;

  constructor(kubectl: Kubectl, image: string) {
    this.#kubectl = kubectl;
    kubectl(["create", "namespace", this.namespace]);
    // A controller makes the account that every pod needs.
    this.#in("wait", "--for=create", "serviceaccount/default", "--timeout=60s");
    const command = ["redis-server", "--save", "", "--protected-mode", "no"];
    this.#in(
      "run",
      "notes",
      `--image=${image}`,
      "--image-pull-policy=IfNotPresent",
      "--port=6379",
      "--expose",
      "--command",
      "--",
      ...command,
    );
    this.#in("wait", "--for=condition=Ready", "pod/notes", "--timeout=60s");
  }

  /** Setting `workerEnv` of a stack whose worker notes here. */
  get workerEnv(): string {
    return JSON.stringify({ NOTES_URL: `redis://notes.${this.namespace}.svc.cluster.local:6379` });
  }

  /** What a run did, in order. */
  of(run: string): string[] {
    return this.#list(`run:${run}`);
  }

  /** Each tick of the cron: its minute and its run. */
  ticks(): string[] {
    return this.#list("ticks");
  }

  /** Starts five chains by `send`, which sleep for `nap` milliseconds in their middle. */
  async begin(prefix: string, nap: number, send: Send): Promise<string[]> {
    const runs = Array.from({ length: 5 }, (_, index) => `${prefix}${index}`);
    for (const run of runs) await send("noted/chain", { run, nap });
    return runs;
  }

  /** The same, and waits until each of them is asleep. */
  async fallAsleep(prefix: string, nap: number, send: Send): Promise<string[]> {
    const runs = await this.begin(prefix, nap, send);
    await eventually(60_000, async () => expect(runs.map((run) => this.of(run))).toEqual(runs.map(() => ["1", "2"])));
    return runs;
  }

  /** Waits until they have ended, each step of them done once. */
  async endWell(runs: string[]): Promise<void> {
    const whole = ["1", "2", "3", "4", "end"];
    await eventually(240_000, async () => expect(runs.map((run) => this.of(run))).toEqual(runs.map(() => whole)));
  }

  /** Those of the runs that have not reached their end. */
  unfinished(runs: string[]): string[] {
    const script = `local open = {} for _, run in ipairs(ARGV) do if redis.call("lindex", "run:" .. run, -1) ~= "end" then open[#open + 1] = run end end return open`;
    return this.#redis("eval", script, "0", ...runs)
      .split("\n")
      .filter(Boolean);
  }

  remove(): void {
    this.#kubectl(["delete", "namespace", this.namespace, "--wait=false"]);
  }

  #list(key: string): string[] {
    return this.#redis("lrange", key, "0", "-1").split("\n").filter(Boolean);
  }

  #redis(...args: string[]): string {
    return this.#in("exec", "notes", "--", "redis-cli", ...args).trim();
  }

  #in(...args: string[]): string {
    return this.#kubectl(["--namespace", this.namespace, ...args]);
  }
}
