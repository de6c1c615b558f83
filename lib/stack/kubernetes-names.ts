/** Parts of a stack in a cluster: each has a label on its pods and a network policy of this name. */
export type KubernetesPart =
  | "gateway"
  | "server"
  | "migration"
  | "queue"
  | "database"
  | "janitor"
  // Pods that commands create for a while.
  | "upkeep"
  | "worker";

/** Namespace of a stack. Each stack has its own, so names within it need no prefix. */
export function namespaceOf(stack: string): string {
  return `inngest-${stack}`;
}

/** Label on the namespace; its value is the stack's name. */
export const namespaceLabel = "inngest-local/stack";

/** Name of the gateway's Service, through which clients reach the server. */
export const gatewayService = "inngest-svc";

/** Name of the Service of all ready servers, which only the gateway uses. */
export const serversService = "servers";

/** Name of the claim with the server's SQLite file. */
export const serverClaim = "server-data";

/** Labels that select the pods of a part. */
export function selectorOf(part: KubernetesPart): Record<string, string> {
  return { "app.kubernetes.io/component": part };
}

/** {@link selectorOf} as a value of kubectl's `--selector`. */
export function selectorText(part: KubernetesPart): string {
  return Object.entries(selectorOf(part))
    .map(([label, value]) => `${label}=${value}`)
    .join(",");
}

export function partLabels(part: KubernetesPart): Record<string, string> {
  return { "app.kubernetes.io/name": "inngest", "app.kubernetes.io/part-of": "inngest-local", ...selectorOf(part) };
}
