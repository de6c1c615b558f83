import { type Cluster, workerImage } from "../../tools/kubernetes.ts";

/** Settings of a stack of the tier `kubernetes` on this cluster. */
export function clusterSettings({ context, kubeconfig }: Cluster): Record<string, string> {
  return { kubeContext: context, ...(kubeconfig && { kubeconfig }), workerImage, protectData: "false" };
}
