import { onPath } from "../host/programs.ts";
import { Problem } from "../problem.ts";
import { type RunOptions, run } from "../process.ts";

/** The cluster that a command is for, and the namespace where it acts on one. */
export interface Target {
  context: string;
  /** @default kubectl's own */
  kubeconfig?: string | undefined;
  namespace?: string;
}

/** The kubectl command and its first arguments. @throws {Problem} when there is no kubectl */
export function kubectlFor({ context, kubeconfig, namespace }: Target): { command: string; args: string[] } {
  const command = onPath("kubectl");
  if (command === undefined) {
    throw new Problem(
      "no `kubectl` command on PATH, and the Kubernetes tiers reach their cluster with it",
      "install it (https://kubernetes.io/docs/tasks/tools)",
    );
  }
  const file = kubeconfig ? ["--kubeconfig", kubeconfig] : [];
  const within = namespace ? ["--namespace", namespace] : [];
  return { command, args: [...file, "--context", context, ...within] };
}

/**
 * Runs kubectl, and resolves to what it printed.
 *
 * @throws {CommandFailed} with kubectl's own reason
 * @throws {Problem} when there is no kubectl
 */
export async function kubectl(target: Target, args: readonly string[], options?: RunOptions): Promise<string> {
  const { command, args: fixed } = kubectlFor(target);
  return await run(command, [...fixed, ...args], options);
}

/** {@link kubectl} for a question that the API server answers at once: it gives up after 10 s. */
export function ask(target: Target, args: readonly string[]): Promise<string> {
  return kubectl(target, ["--request-timeout", "10s", ...args]);
}

/** Objects as the API server has them. The type is the caller's claim. */
export async function getObjects<T>(target: Target, args: readonly string[]): Promise<T[]> {
  const printed = await ask(target, ["get", ...args, "--output", "json"]);
  return (JSON.parse(printed) as { items: T[] }).items;
}

/** An object by `kind/name`; `undefined` where there is none. The type is the caller's claim. */
export async function getObject<T>(target: Target, object: string): Promise<T | undefined> {
  const printed = await ask(target, ["get", object, "--ignore-not-found", "--output", "json"]);
  return printed ? (JSON.parse(printed) as T) : undefined;
}
