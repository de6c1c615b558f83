import { onPath } from "../host/programs.ts";
import { Problem } from "../problem.ts";

/** Which cluster a command is for. */
export interface Target {
  context: string;
  /** @default kubectl's own */
  kubeconfig?: string | undefined;
}

/** The kubectl command and its first arguments. Throws {@link Problem} when there is none. */
export function kubectlFor({ context, kubeconfig }: Target): { command: string; args: string[] } {
  const command = onPath("kubectl");
  if (command === undefined) {
    throw new Problem(
      "no `kubectl` command on PATH, and the Kubernetes tiers reach their cluster with it",
      "install it (https://kubernetes.io/docs/tasks/tools)",
    );
  }
  return { command, args: [...(kubeconfig ? ["--kubeconfig", kubeconfig] : []), "--context", context] };
}
