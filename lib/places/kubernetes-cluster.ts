import { closest } from "fastest-levenshtein";
import { Problem } from "../problem.ts";
import { type CommandFailed, run } from "../process.ts";
import { namespaceOf } from "../stack/kubernetes-names.ts";
import { ask, getObjects, kubectl, kubectlFor, type Target } from "./kubectl.ts";

export interface KubernetesNeeds extends Target {
  /** @default the cluster's default class */
  storageClass?: string | undefined;
  /** Something of the stack keeps data in the cluster. */
  needsStorage: boolean;
  /** KEDA's resources must be known. */
  keda: boolean;
}

/** What keeps the Kubernetes tiers from being deployed. */
export async function kubernetesProblems(needs: KubernetesNeeds): Promise<Problem[]> {
  const problem = (await contextProblem(needs)) ?? (await answerProblem(needs));
  if (problem) return [problem];
  return [
    ...(needs.needsStorage ? await storageProblems(needs) : []),
    ...(needs.keda ? await kedaProblems(needs) : []),
  ];
}

/** Deletes what a destroyed stack left in its cluster: the namespace, and with it the data claims. */
export async function removeNamespace(target: Target, namespace: string): Promise<void> {
  await kubectl(target, ["delete", "namespace", namespace, "--ignore-not-found", "--wait", "--timeout=180s"]);
}

/** Names of a stack's workloads, such as `deployment.apps/gateway`. */
export async function workloadsOf(target: Target, stack: string): Promise<string[]> {
  const selector = "app.kubernetes.io/part-of=inngest-local";
  const args = ["get", "deployments,statefulsets", "--selector", selector, "--output", "name"];
  return (await ask({ ...target, namespace: namespaceOf(stack) }, args)).split("\n").filter(Boolean);
}

const anotherFile = "pulumi config set kubeconfig /absolute/path";

async function contextProblem(target: Target): Promise<Problem | undefined> {
  const { kubeconfig, context } = target;
  let names: string[];
  try {
    const file = kubeconfig ? ["--kubeconfig", kubeconfig] : [];
    // Without `--context`: a context that does not exist would fail here already, and less clearly.
    const printed = await run(kubectlFor(target).command, [...file, "config", "get-contexts", "--output", "name"]);
    names = printed.split("\n").filter(Boolean);
  } catch (error) {
    if (error instanceof Problem) return error;
    const { reason } = error as CommandFailed;
    return new Problem(
      `\`kubeconfig\` must be a file that kubectl reads, got ${JSON.stringify(kubeconfig)} (${reason})`,
      anotherFile,
    );
  }
  if (names.includes(context)) return undefined;
  if (names.length === 0) {
    return new Problem(
      `\`kubeContext\` must name a context, got "${context}", and the kubeconfig has none`,
      anotherFile,
    );
  }
  return new Problem(
    `\`kubeContext\` must be one of ${names.join(", ")}, got "${context}"`,
    `pulumi config set kubeContext ${closest(context, names)}`,
  );
}

async function answerProblem(target: Target): Promise<Problem | undefined> {
  try {
    await ask(target, ["get", "--raw", "/readyz"]);
    return undefined;
  } catch (error) {
    const { reason } = error as CommandFailed;
    return new Problem(
      `\`kubeContext\` must name a cluster that answers, and ${target.context} does not (${reason})`,
      "start the cluster, or pulumi config set kubeContext to another one",
    );
  }
}

async function storageProblems({ storageClass, ...target }: KubernetesNeeds): Promise<Problem[]> {
  interface StorageClass {
    metadata: { name: string; annotations?: Record<string, string> };
  }
  const classes = await getObjects<StorageClass>(target, ["storageclass"]);
  const names = classes.map(({ metadata }) => metadata.name);
  const known = `(the cluster has ${names.join(", ") || "none"})`;
  const set = (name: string | undefined) =>
    name === undefined ? "install a storage provisioner" : `pulumi config set storageClass ${name}`;
  if (storageClass !== undefined) {
    if (names.includes(storageClass)) return [];
    const what = `\`storageClass\` must be one of the cluster's, got "${storageClass}" ${known}`;
    return [new Problem(what, set(names.length > 0 ? closest(storageClass, names) : undefined))];
  }
  const isDefault = "storageclass.kubernetes.io/is-default-class";
  if (classes.some(({ metadata }) => metadata.annotations?.[isDefault] === "true")) return [];
  return [
    new Problem(`\`storageClass\` must be set, because the cluster has no default class ${known}`, set(names[0])),
  ];
}

async function kedaProblems(target: Target): Promise<Problem[]> {
  try {
    await ask(target, ["get", "crd", "scaledobjects.keda.sh"]);
    return [];
  } catch {
    return [
      new Problem(
        '`autoscaler` must be cpu on a cluster without KEDA, got "keda"',
        "install KEDA (https://keda.sh), or pulumi config set autoscaler cpu",
      ),
    ];
  }
}
