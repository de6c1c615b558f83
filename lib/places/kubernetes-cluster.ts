import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { closest } from "fastest-levenshtein";
import { Problem } from "../problem.ts";
import { kubectlFor, type Target } from "./kubectl.ts";

const run = promisify(execFile);

export interface KubernetesNeeds extends Target {
  /** @default the cluster's default class */
  storageClass?: string | undefined;
  /** Something of the stack keeps data in the cluster. */
  needsStorage: boolean;
  /** KEDA's resources must be known. */
  keda: boolean;
}

/** What keeps the Kubernetes tiers from being deployed. */
export async function kubernetesProblems(needs: KubernetesNeeds): Promise<string[]> {
  const problem = (await contextProblem(needs)) ?? (await answerProblem(needs));
  if (problem) return [problem];
  return [
    ...(needs.needsStorage ? await storageProblems(needs) : []),
    ...(needs.keda ? await kedaProblems(needs) : []),
  ];
}

/** Deletes what a destroyed stack left in its cluster: the namespace, and with it the data claims. */
export async function removeNamespace(target: Target, namespace: string): Promise<void> {
  await kubectl(target, "delete", "namespace", namespace, "--ignore-not-found", "--wait", "--timeout=180s");
}

async function contextProblem(target: Target): Promise<string | undefined> {
  const { kubeconfig, context } = target;
  let names: string[];
  try {
    const { command, args } = kubectlFor(target);
    // Without `--context`: a context that does not exist would fail here already, and less clearly.
    const { stdout } = await run(command, [...args.slice(0, -2), "config", "get-contexts", "--output", "name"]);
    names = stdout.split("\n").filter(Boolean);
  } catch (error) {
    return error instanceof Problem
      ? error.message
      : `\`kubeconfig\` must be a file that kubectl reads, got ${JSON.stringify(kubeconfig)} (${reason(error)}). Remedy: pulumi config set kubeconfig /absolute/path`;
  }
  if (names.includes(context)) return undefined;
  if (names.length === 0) {
    return `\`kubeContext\` must name a context, got "${context}", and the kubeconfig has none. Remedy: pulumi config set kubeconfig /absolute/path`;
  }
  return `\`kubeContext\` must be one of ${names.join(", ")}, got "${context}". Remedy: pulumi config set kubeContext ${closest(context, names)}`;
}

async function answerProblem(target: Target): Promise<string | undefined> {
  try {
    await kubectl(target, "get", "--raw", "/readyz");
    return undefined;
  } catch (error) {
    return (
      `\`kubeContext\` must name a cluster that answers, and ${target.context} does not (${reason(error)}). ` +
      "Remedy: start the cluster, or pulumi config set kubeContext to another one"
    );
  }
}

async function storageProblems({ storageClass, ...target }: KubernetesNeeds): Promise<string[]> {
  interface StorageClass {
    metadata: { name: string; annotations?: Record<string, string> };
  }
  const { items } = JSON.parse(await kubectl(target, "get", "storageclass", "--output", "json")) as {
    items: StorageClass[];
  };
  const names = items.map(({ metadata }) => metadata.name);
  const known = names.length > 0 ? `(the cluster has ${names.join(", ")})` : "(the cluster has none)";
  if (storageClass !== undefined) {
    if (names.includes(storageClass)) return [];
    const remedy =
      names.length > 0
        ? `pulumi config set storageClass ${closest(storageClass, names)}`
        : "install a storage provisioner";
    return [`\`storageClass\` must be one of the cluster's, got "${storageClass}" ${known}. Remedy: ${remedy}`];
  }
  const isDefault = "storageclass.kubernetes.io/is-default-class";
  if (items.some(({ metadata }) => metadata.annotations?.[isDefault] === "true")) return [];
  const remedy = names.length > 0 ? `pulumi config set storageClass ${names[0]}` : "install a storage provisioner";
  return [`\`storageClass\` must be set, because the cluster has no default class ${known}. Remedy: ${remedy}`];
}

async function kedaProblems(target: Target): Promise<string[]> {
  try {
    await kubectl(target, "get", "crd", "scaledobjects.keda.sh");
    return [];
  } catch {
    return [
      '`autoscaler` must be cpu on a cluster without KEDA, got "keda". ' +
        "Remedy: install KEDA (https://keda.sh), or pulumi config set autoscaler cpu",
    ];
  }
}

/** What a kubectl command prints. Throws what went wrong, in its own words. */
export async function kubectlSays(target: Target, ...args: string[]): Promise<string> {
  try {
    return (await kubectl(target, ...args)).trim();
  } catch (error) {
    throw error instanceof Problem ? error : new Error(reason(error));
  }
}

async function kubectl(target: Target, ...args: string[]): Promise<string> {
  const { command, args: fixed } = kubectlFor(target);
  const { stdout } = await run(command, [...fixed, "--request-timeout", "10s", ...args]);
  return stdout;
}

function reason(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  return ((stderr || message).trim().split("\n").at(-1) as string).replace(
    /^(error|Unable to connect to the server): /i,
    "",
  );
}
