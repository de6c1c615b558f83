import { execFileSync } from "node:child_process";
import { onPath } from "../../components/host/programs.ts";
import { loadImages } from "./cluster/images.ts";
import { clusterUp, contextName, kubeconfigFile } from "./cluster/node.ts";
import { part, partsAreBuilt } from "./cluster/parts.ts";
import { missing } from "./engine.ts";
import { clusterImages, ensureImages, workerImages } from "./stand-in-images.ts";

/** A cluster that the suites may use, and how images get into it. */
interface Cluster {
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
  const images = ensureImages([...clusterImages, workerImages[0] as string]);
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
  return { context: contextName, kubeconfig: kubeconfigFile, load: (images) => loadImages({ images }) };
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

function succeeds(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
